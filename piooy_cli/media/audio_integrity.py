"""The ends of MP3, FLAC and Ogg: frames and pages that must be complete. Pure.

Sources: RFC 9639 (FLAC), RFC 3533 (Ogg).
"""

import struct
from typing import BinaryIO

from piooy_cli.media.mpeg_audio import frame_of, id3_length

_LONGEST_FRAME = 1 << 16
_RATE_BYTES = {12: 1, 13: 2, 14: 2}
_MOST_HEADS = 8  # that look like one, before the search is given up
_LAST_PAGE = 4  # Ogg's flag


def mp3(file: BinaryIO, size: int) -> bool | None:
    """Whether an MP3 is whole: frame after frame to the end, or to a tag after the last one."""
    at, frames = id3_length(_part(file, 0, 10)), 0
    while at < size:
        head = _part(file, at, 8)
        if head[:3] == b"TAG" or head == b"APETAGEX":
            return True
        if size - at < 4:
            return False
        frame = frame_of(head)
        if frame is None:  # not a frame: free format, or padding of a writer
            return None if frames or head[:1] == b"\x00" else False
        at, frames = at + frame.length, frames + 1
    return at == size and frames > 0


def flac(file: BinaryIO, size: int) -> bool | None:
    """Whether a FLAC file is whole: its last frame is complete and has the last samples."""
    head = _part(file, 0, 42)
    if len(head) < 42 or head[4] & 0x7F:  # STREAMINFO comes first
        return False
    blocks = struct.unpack(">H", head[10:12])[0]
    total = int.from_bytes(head[18:26], "big") & (1 << 36) - 1
    if not total:
        return None
    tail = _part(file, max(size - _LONGEST_FRAME * 4, 0), _LONGEST_FRAME * 4)
    at, heads = len(tail), 0
    while heads < _MOST_HEADS:
        at = max(tail.rfind(b"\xff\xf8", 0, at), tail.rfind(b"\xff\xf9", 0, at))
        if at < 0:
            return False
        if _is_frame_head(tail[at : at + 20]):
            heads += 1
            if (end := _last_sample(tail[at:], blocks)) is not None:
                return end == total
    return False


def _is_frame_head(head: bytes) -> bool:
    """Whether these bytes begin with a frame's header, by its own checksum."""
    try:
        _, at = _utf8_number(head, 4)
        _, at = _block_size(head, head[2] >> 4, at)
        at += _RATE_BYTES.get(head[2] & 15, 0)
        return _crc(head[:at], 8, 0x07) == head[at]
    except (IndexError, ValueError):
        return False


def _last_sample(frame: bytes, usual: int) -> int | None:
    """Return the number of the sample after this frame; None if it is not a whole frame."""
    if _crc(frame, 16, 0x8005):
        return None
    number, at = _utf8_number(frame, 4)
    block, _ = _block_size(frame, frame[2] >> 4, at)
    return (number if frame[1] & 1 else number * usual) + block


def _block_size(frame: bytes, code: int, at: int) -> tuple[int, int]:
    if code == 6:
        return frame[at] + 1, at + 1
    if code == 7:
        return int.from_bytes(frame[at : at + 2], "big") + 1, at + 2
    if code == 0:
        raise ValueError("reserved")
    return (192 if code == 1 else 576 << code - 2 if code < 6 else 256 << code - 8), at


def _utf8_number(frame: bytes, at: int) -> tuple[int, int]:
    """Decode a number that is coded like a UTF-8 character, in up to seven bytes; and its end."""
    first = frame[at]
    count = 8 - (first ^ 0xFF).bit_length()
    if count == 0:
        return first, at + 1
    value = first & (0x7F >> count)
    for byte in frame[at + 1 : at + count]:
        value = value << 6 | byte & 0x3F
    return value, at + count


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    top, mask, shift = 1 << bits - 1, (1 << bits) - 1, bits - 8
    table = []
    for byte in range(256):
        value = byte << shift
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    crc = 0
    for byte in data:
        crc = (crc << 8 & mask) ^ table[crc >> shift ^ byte]
    return crc


def ogg(file: BinaryIO, size: int) -> bool:
    """Whether an Ogg file is whole: its last page is complete and marked as the last."""
    tail = _part(file, max(size - (_LONGEST_FRAME + 512), 0), _LONGEST_FRAME + 512)
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return False
    segments = tail[at + 26]
    table = tail[at + 27 : at + 27 + segments]
    whole = len(table) == segments and at + 27 + segments + sum(table) == len(tail)
    return whole and bool(tail[at + 5] & _LAST_PAGE)


def _part(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
