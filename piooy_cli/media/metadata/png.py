"""PNG: text chunks (PNG 3rd edition, 11.3.3), after the header."""

import struct
import zlib
from functools import partial
from typing import BinaryIO, NamedTuple

from piooy_cli.media.metadata import exif, parameters, xmp
from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded, Plan, Planner
from piooy_cli.media.metadata.recipe import LONGEST, Recipe
from piooy_cli.media.metadata.streams import blocks, part

_MAGIC = b"\x89PNG\r\n\x1a\n"
_AFTER_HEADER = 33
_XMP = b"XML:com.adobe.xmp"
_MOST_CHUNKS = 20_000
_LONGEST_TEXT = 2 * LONGEST


class _Chunk(NamedTuple):
    name: bytes
    start: int
    end: int


def survey(file: BinaryIO, size: int, found: Found) -> Planner:
    """Read every chunk, check all checksums, and return how to add a recipe."""
    if part(file, 0, 8) != _MAGIC:
        raise NotEmbedded("it is not a PNG")
    at, names, place = 8, list[bytes](), Edit(_AFTER_HEADER, _AFTER_HEADER, b"")
    while not names or names[-1] != b"IEND":
        chunk = _chunk(file, at)
        if _read(file, chunk, found):
            place = Edit(chunk.start, chunk.end, b"")
        names.append(chunk.name)
        at = chunk.end
        _check_order(names)
    if at != size or b"IDAT" not in names:
        raise NotEmbedded("bytes follow its end" if at < size else "it has no picture")
    return partial(_plan, found, place)


def _chunk(file: BinaryIO, at: int) -> _Chunk:
    length, name = struct.unpack(">I4s", part(file, at, 8))
    if not name.isalpha() or length >= 1 << 31:
        raise NotEmbedded("it has a chunk that is not one")
    checksum = 0
    for block in blocks(file, at + 4, at + 8 + length):
        checksum = zlib.crc32(block, checksum)
    if part(file, at + 8 + length, 4) != struct.pack(">I", checksum):
        raise NotEmbedded("the checksum of a chunk is wrong")
    return _Chunk(name, at, at + 12 + length)


def _check_order(names: list[bytes]) -> None:
    is_first = len(names) == 1
    if (names[-1] == b"IHDR") != is_first or len(names) > _MOST_CHUNKS:
        raise NotEmbedded("its chunks are in no known order")


def _read(file: BinaryIO, chunk: _Chunk, found: Found) -> bool:
    """Add what a chunk says, and return whether it is the XMP packet."""
    if chunk.name == b"caBX":
        found.sign("C2PA")
    if chunk.name not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
        return False
    data = part(file, chunk.start + 8, chunk.end - chunk.start - 12)
    if chunk.name == b"eXIf":
        exif.read(data, found)
        return False
    keyword, _, rest = data.partition(b"\0")
    text = _text(chunk.name, rest)
    if keyword == _XMP:
        found.add_xmp(text)
        return True
    encoding = "utf-8" if chunk.name == b"iTXt" else "latin-1"
    found.add_text(keyword.decode("latin-1"), text.decode(encoding, "replace"))
    return False


def _text(kind: bytes, rest: bytes) -> bytes:
    """Return the text of a chunk, after its keyword."""
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:])
    packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return _inflated(text) if packed else text


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(data, _LONGEST_TEXT)
    except zlib.error as error:
        raise NotEmbedded("a text of it cannot be unpacked") from error
    if not inflater.eof:
        raise NotEmbedded("a text of it is too large or cut off")
    return text


def _plan(found: Found, place: Edit, recipe: Recipe) -> Plan:
    packet, left_out = xmp.written(recipe, found.xmp)
    edits = [place._replace(data=_packed(b"iTXt", _XMP + b"\0\0\0\0\0" + packet))]
    text = parameters.written(recipe)
    if text is not None and "parameters" not in found.texts:
        edits.insert(0, Edit(_AFTER_HEADER, _AFTER_HEADER, _parameters(text)))
    elif text is not None:
        left_out.append("parameters")
    return Plan(edits, left_out)


def _parameters(text: str) -> bytes:
    """As Pillow writes it, so that every reader finds it: tEXt where Latin-1 is enough."""
    try:
        return _packed(b"tEXt", b"parameters\0" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return _packed(b"iTXt", b"parameters\0\0\0\0\0" + text.encode())


def _packed(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
