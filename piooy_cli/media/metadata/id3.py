"""ID3 2.3 and 2.4 tags (id3.org): read, and made longer with frames in the tag's own version."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from piooy_cli.media.metadata import parameters, xmp
from piooy_cli.media.metadata.found import Found, NotEmbedded
from piooy_cli.media.metadata.recipe import Recipe, to_text

HEAD = 10
_LATIN, _UTF16, _UTF16_BE, _UTF8 = 0, 1, 2, 3
_CODECS = {_LATIN: "latin-1", _UTF16: "utf-16", _UTF16_BE: "utf-16-be", _UTF8: "utf-8"}
_PACKET = b"XMP\0"
_PADDING = bytes(16)  # exiftool doubts the length of a last frame without any
_SIGNED = (b"application/c2pa", b"application/x-c2pa-manifest-store")


class Tag(NamedTuple):
    """The frames of a tag, without padding."""

    version: int
    frames: bytes


def length(head: bytes) -> int:
    """Return the length of a tag from its first ten bytes; 0 if there is none."""
    if head[:3] != b"ID3":
        return 0
    return HEAD + _number(head[6:10]) + (HEAD if head[5] & 0x10 else 0)


def _number(data: bytes) -> int:
    """Decode a number of which each byte has seven bits."""
    if max(data) > 0x7F:
        raise NotEmbedded("its ID3 tag is not understood")
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]


def read(data: bytes, found: Found) -> Tag:
    """Read a whole tag. Raises NotEmbedded if it is not of a plain kind."""
    if any(kind in data for kind in _SIGNED):
        found.sign("C2PA")
    version, end = data[3], _frames_end(data)
    if version not in (3, 4) or data[5] or length(data[:HEAD]) != len(data):
        raise NotEmbedded("its ID3 tag is of a kind that is not understood")
    for name, flags, content in _frames(data[:end], version):
        if flags == b"\0\0":
            _read_frame(name, content, found)
    return Tag(version, data[HEAD:end])


def _frames_end(data: bytes) -> int:
    """Return where the padding begins: frames and padding are told apart by their first byte."""
    at = HEAD
    while at + HEAD <= len(data) and data[at]:
        at += HEAD + _frame_length(data, at, data[3])
    if at > len(data) or data[at:].strip(b"\0"):
        raise NotEmbedded("its ID3 tag is not understood")
    return at


def _frame_length(data: bytes, at: int, version: int) -> int:
    name, size = data[at : at + 4], data[at + 4 : at + 8]
    if not (name.isalnum() and name == name.upper()):
        raise NotEmbedded("its ID3 tag is not understood")
    return _number(size) if version == 4 else int(struct.unpack(">I", size)[0])


def _frames(data: bytes, version: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    at = HEAD
    while at < len(data):
        end = at + HEAD + _frame_length(data, at, version)
        yield data[at : at + 4], data[at + 8 : at + 10], data[at + HEAD : end]
        at = end


def _read_frame(name: bytes, content: bytes, found: Found) -> None:
    if name == b"PRIV" and content.startswith(_PACKET):
        found.add_xmp(content.removeprefix(_PACKET))
    if name in (b"TXXX", b"COMM") and content and content[0] in _CODECS:
        encoding, content = content[0], content[1 if name == b"TXXX" else 4 :]
        title, text = _split(content, encoding)
        found.add_text(title or "comment" if name == b"COMM" else title, text)


def _split(content: bytes, encoding: int) -> tuple[str, str]:
    """Return description and text, which a zero separates."""
    width = 2 if encoding in (_UTF16, _UTF16_BE) else 1
    at = content.find(b"\0" * width)
    while at % width and at >= 0:
        at = content.find(b"\0" * width, at + 1)
    parts = (content[:at], content[at + width :]) if at >= 0 else (b"", b"")
    title, text = (one.decode(_CODECS[encoding], "replace") for one in parts)
    return title, text.rstrip("\0")


def written(tag: Tag, recipe: Recipe, found: Found) -> tuple[bytes, list[str]]:
    """Return the tag with a recipe added, and what is left out since the tag has it already."""
    frames, left_out = [_text_frame(tag.version, b"TXXX", "piooy_recipe", to_text(recipe))], []
    if found.xmp is None:
        packet, _ = xmp.written(recipe, None, whole=False)
        frames.append(_frame(tag.version, b"PRIV", _PACKET + packet))
    else:
        left_out.append("XMP")
    if recipe.prompt is not None and "comment" not in found.texts:
        frames.append(_text_frame(tag.version, b"COMM", "", parameters.clean(recipe.prompt)))
    elif recipe.prompt is not None:
        left_out.append("comment")
    content = tag.frames + b"".join(frames) + _PADDING
    return b"ID3" + bytes([tag.version, 0, 0]) + _coded(len(content)) + content, left_out


def _text_frame(version: int, name: bytes, title: str, text: str) -> bytes:
    """Return a frame in UTF-8, which version 2.3 does not have: there in Latin-1 or UTF-16."""
    encoding = _UTF8 if version == 4 else _LATIN if text.isascii() else _UTF16
    codec = _CODECS[encoding]
    zero = "\0".encode(codec)
    language = b"eng" if name == b"COMM" else b""
    content = title.encode(codec) + zero.removeprefix(b"\xff\xfe") + text.encode(codec)
    return _frame(version, name, bytes([encoding]) + language + content)


def _frame(version: int, name: bytes, content: bytes) -> bytes:
    size = _coded(len(content)) if version == 4 else struct.pack(">I", len(content))
    return name + size + b"\0\0" + content


def _coded(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
