"""Whether a file is complete, for bytes that came without a length. Pure.

True: whole. False: truncated. None: it cannot be told from the bytes.
"""

import re
import struct
from collections.abc import Callable
from typing import BinaryIO

from piooy_cli.media import audio_integrity

_PICTURE_BOXES = frozenset({b"meta"})
_MOVIE_BOXES = frozenset({b"moov"})
_UNKNOWN_SIZE = 0xFFFFFFFF
_MOST_BOXES = 10_000
_LONGEST_INDEX = 4 << 20  # bytes
_HANDLER = re.compile(b"hdlr")
_SEGMENT = b"\x18\x53\x80\x67"


def is_whole(extension: str, file: BinaryIO, size: int) -> bool | None:
    """Return whether a file with this extension is whole. `size`: its length in bytes."""
    judge = _JUDGES.get(extension)
    if judge is None:
        return None
    try:
        return judge(file, size)
    except (struct.error, IndexError, ValueError):
        return False  # it ends in the middle of its own structure


def _png(file: BinaryIO, size: int) -> bool:
    at = 8
    while at + 12 <= size:
        length, name = struct.unpack(">I4s", _bytes(file, at, 8))
        at += 12 + length
        if name == b"IEND":
            return bool(at <= size)
    return False


def _jpeg(file: BinaryIO, size: int) -> bool:
    """Whether the picture ends. Some cameras and services append bytes after its end."""
    if _tail(file, size).endswith(b"\xff\xd9"):
        return True
    at = 2
    while at + 4 <= size:
        marker, length = struct.unpack(">HH", _bytes(file, at, 4))
        if marker < 0xFFC0:
            return False
        at += 2 + length
        if marker == 0xFFDA:  # in the picture's data FF is followed by 00 or a restart
            file.seek(at)
            return b"\xff\xd9" in file.read()
    return False


def _gif(file: BinaryIO, size: int) -> bool:
    """Follow the blocks to the trailer, a single byte that can occur anywhere else too."""
    file.seek(10)
    file.seek(13 + _colors(file.read(1)[0]))
    while (kind := file.read(1)[0]) != 0x3B:
        if kind == 0x2C:
            file.seek(8, 1)
            file.seek(_colors(file.read(1)[0]) + 1, 1)
        else:
            file.seek(1, 1)
        while length := file.read(1)[0]:
            file.seek(length, 1)
    return True


def _colors(flags: int) -> int:
    """Return the size of the color table that these flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _riff(file: BinaryIO, size: int) -> bool | None:
    (length,) = struct.unpack("<I", _bytes(file, 4, 4))
    # A writer that could not go back leaves no size.
    return None if length in (0, _UNKNOWN_SIZE) else bool(length + 8 <= size)


def _bmp(file: BinaryIO, size: int) -> bool | None:
    (length,) = struct.unpack("<I", _bytes(file, 2, 4))
    return bool(length <= size) if length else None


def _boxes(needed: frozenset[bytes]) -> Callable[[BinaryIO, int], bool | None]:
    """Follow the boxes of ISO media to the very end, and look for those that playback needs."""

    def judge(file: BinaryIO, size: int) -> bool | None:
        at, boxes, names = 0, 0, set()
        while at + 8 <= size:
            length, name = struct.unpack(">I4s", _bytes(file, at, 8))
            if length == 1:
                (length,) = struct.unpack(">Q", _bytes(file, at + 8, 8))
            names.add(name)
            if length == 0:  # to the end, wherever that is
                return None if needed <= names else False
            if length < 8:
                return False
            at += length
            boxes += 1
            if boxes > _MOST_BOXES:
                return None
        return at == size and needed <= names

    return judge


def _matroska(file: BinaryIO, size: int) -> bool | None:
    header, width = _vint(_bytes(file, 4, 8))
    at = 4 + width + (header or 0)
    if _bytes(file, at, 4) != _SEGMENT:
        return False
    length, width = _vint(_bytes(file, at + 4, 8))
    return None if length is None else at + 4 + width + length <= size


def _vint(data: bytes) -> tuple[int | None, int]:
    """Decode an EBML number and its length; the number is None if all its bits are ones."""
    width = 9 - data[0].bit_length()
    if width > len(data):
        raise ValueError("cut off")
    ones = (1 << 7 * width) - 1
    value = int.from_bytes(data[:width], "big") & ones
    return (None if value == ones else value), width


def _tail(file: BinaryIO, size: int) -> bytes:
    """Return the last bytes without the padding that some writers append."""
    return _bytes(file, max(size - 4096, 0), 4096).rstrip(b"\x00\r\n ")


def _bytes(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


_JUDGES: dict[str, Callable[[BinaryIO, int], bool | None]] = {
    "png": _png, "jpg": _jpeg, "gif": _gif, "bmp": _bmp,
    "webp": _riff, "wav": _riff, "avi": _riff,
    "avif": _boxes(_PICTURE_BOXES), "heic": _boxes(_PICTURE_BOXES),
    "mp4": _boxes(_MOVIE_BOXES), "mov": _boxes(_MOVIE_BOXES), "m4a": _boxes(_MOVIE_BOXES),
    "webm": _matroska, "mkv": _matroska,
    "mp3": audio_integrity.mp3, "flac": audio_integrity.flac, "ogg": audio_integrity.ogg,
}  # fmt: skip


def has_video(file: BinaryIO, size: int) -> bool:
    """Whether ISO media has a video track, as far as its index says: else it is audio only."""
    at, boxes = 0, 0
    while at + 8 <= size and boxes < _MOST_BOXES:
        length, name = struct.unpack(">I4s", _bytes(file, at, 8))
        if length == 1:
            (length,) = struct.unpack(">Q", _bytes(file, at + 8, 8))
        if name == b"moov":
            index = _bytes(file, at, min(length or size - at, _LONGEST_INDEX))
            return b"hdlr" not in index or any(
                index[found.end() + 8 : found.end() + 12] == b"vide"
                for found in _HANDLER.finditer(index)
            )
        if length < 8:
            break
        at, boxes = at + length, boxes + 1
    return True
