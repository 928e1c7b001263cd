"""WebP (RFC 9649): EXIF and XMP chunks at the end, announced in VP8X, which is made if needed."""

import struct
from functools import partial
from typing import BinaryIO

from piooy_cli.media.metadata import exif, parameters, riff, xmp
from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded, Plan, Planner
from piooy_cli.media.metadata.recipe import Recipe
from piooy_cli.media.metadata.riff import Chunk
from piooy_cli.media.metadata.streams import part

_HAS_XMP, _HAS_EXIF, _HAS_ALPHA = 0x04, 0x08, 0x10
_KNOWN = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"C2PA")
_ONCE = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ICCP", b"EXIF", b"XMP ")


def survey(file: BinaryIO, size: int, found: Found) -> Planner:
    """Follow the chunks and return how to add a recipe."""
    chunks = riff.chunks(file, size, b"WEBP", found)
    by_name = {chunk.name: chunk for chunk in chunks}
    if chunk := by_name.get(b"XMP "):
        found.add_xmp(part(file, chunk.data, chunk.length))
    if chunk := by_name.get(b"EXIF"):
        exif.read(part(file, chunk.data, chunk.length).removeprefix(b"Exif\0\0"), found)
    _check(chunks)
    return partial(_plan, found, by_name, _header(file, chunks), size)


def _check(chunks: list[Chunk]) -> None:
    names = [chunk.name for chunk in chunks]
    if any(names.count(name) > 1 for name in _ONCE) or not set(names) <= set(_KNOWN):
        raise NotEmbedded("its chunks are not understood")
    if names[:1] != [b"VP8X"] and len(names) != 1:
        raise NotEmbedded("its chunks are not understood")


def _header(file: BinaryIO, chunks: list[Chunk]) -> Edit:
    """Return the VP8X chunk as it is, or one that says the same as the picture's own header."""
    first = chunks[0]
    if first.name == b"VP8X":
        if first.length != 10:
            raise NotEmbedded("its header is not understood")
        return Edit(first.start, first.end, part(file, first.data, 10))
    flags, width, height = _lossless(file, first) if first.name == b"VP8L" else _lossy(file, first)
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return Edit(12, 12, bytes([flags, 0, 0, 0]) + size)


def _lossy(file: BinaryIO, chunk: Chunk) -> tuple[int, int, int]:
    """Return flags, width and height of a VP8 key frame (RFC 6386, 9.1)."""
    tag, code, width, height = struct.unpack("<3s3sHH", part(file, chunk.data, 10))
    is_shown_key_frame = tag[0] & 1 == 0 and tag[0] & 0x10
    width, height = width & 0x3FFF, height & 0x3FFF
    if chunk.name != b"VP8 " or code != b"\x9d\x01\x2a" or not is_shown_key_frame:
        raise NotEmbedded("its picture is not understood")
    if int.from_bytes(tag, "little") >> 5 > chunk.length - 10 or not width * height:
        raise NotEmbedded("its picture is cut off")
    return 0, width, height


def _lossless(file: BinaryIO, chunk: Chunk) -> tuple[int, int, int]:
    code, bits = struct.unpack("<BI", part(file, chunk.data, 5))
    if code != 0x2F or bits >> 29:
        raise NotEmbedded("its picture is not understood")
    alpha = _HAS_ALPHA if bits >> 28 & 1 else 0
    return alpha, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _plan(
    found: Found, by_name: dict[bytes, Chunk], header: Edit, size: int, recipe: Recipe
) -> Plan:
    packet, left_out = xmp.written(recipe, found.xmp)
    comment = _comment(recipe, by_name, left_out)
    flags = header.data[0] | _HAS_XMP | (_HAS_EXIF if comment else 0)
    edits = [header._replace(data=riff.chunk(b"VP8X", bytes([flags]) + header.data[1:]))]
    old = by_name.get(b"XMP ")
    place = Edit(old.start, old.end, b"") if old else Edit(size, size, b"")
    edits.append(place._replace(data=comment + riff.chunk(b"XMP ", packet)))
    return Plan(riff.resized(edits, size), left_out)


def _comment(recipe: Recipe, by_name: dict[bytes, Chunk], left_out: list[str]) -> bytes:
    text = parameters.written(recipe)
    if text is None:
        return b""
    if b"EXIF" in by_name:
        left_out.append("parameters")
        return b""
    return riff.chunk(b"EXIF", exif.written(text))
