"""One H.264 track in an MP4 file (ISO 14496-12), index first: a browser plays it as it loads."""

import struct
from collections.abc import Sequence

_MATRIX = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4(
    size: tuple[int, int],
    fps: int,
    sets: tuple[bytes, bytes],
    pictures: Sequence[bytes],
    comment: str,
) -> bytes:
    """The file; the first picture is the only key picture."""
    samples = [struct.pack(">I", len(picture)) + picture for picture in pictures]
    head = _box(b"ftyp", b"isom" + struct.pack(">I", 512) + b"isomiso2avc1mp41")
    index = _movie(size, fps, sets, samples, 0, comment)
    index = _movie(size, fps, sets, samples, len(head) + len(index) + 8, comment)
    return head + index + _box(b"mdat", b"".join(samples))


def _movie(
    size: tuple[int, int], fps: int, sets: tuple[bytes, bytes], samples: Sequence[bytes],
    offset: int, comment: str,
) -> bytes:  # fmt: skip
    ticks = len(samples)
    header = struct.pack(">IIIIIH10x", 0, 0, fps, ticks, 0x10000, 0x100) + _MATRIX
    header += struct.pack(">24xI", 2)
    track = _full(b"tkhd", struct.pack(">IIIII8xhhhh", 0, 0, 1, 0, ticks, 0, 0, 0, 0) + _MATRIX
                  + struct.pack(">II", size[0] << 16, size[1] << 16), flags=3)  # fmt: skip
    media = _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, fps, ticks, 0x55C4, 0))
    media += _full(b"hdlr", struct.pack(">I4s12x", 0, b"vide") + b"piooy sandbox\0")
    media += _box(b"minf", _information(size, sets, samples, offset))
    track = _box(b"trak", track + _box(b"mdia", media))
    return _box(b"moov", _full(b"mvhd", header) + track + _comment(comment))


def _information(
    size: tuple[int, int], sets: tuple[bytes, bytes], samples: Sequence[bytes], offset: int
) -> bytes:
    here = _full(b"url ", b"", flags=1)
    reference = _box(b"dinf", _full(b"dref", struct.pack(">I", 1) + here))
    count = len(samples)
    table = _full(b"stsd", struct.pack(">I", 1) + _entry(size, sets))
    table += _full(b"stts", struct.pack(">III", 1, count, 1))
    table += _full(b"stss", struct.pack(">II", 1, 1))
    table += _full(b"stsc", struct.pack(">IIII", 1, 1, count, 1))
    table += _full(b"stsz", struct.pack(f">II{count}I", 0, count, *map(len, samples)))
    table += _full(b"stco", struct.pack(">II", 1, offset))
    return _full(b"vmhd", bytes(8), flags=1) + reference + _box(b"stbl", table)


def _entry(size: tuple[int, int], sets: tuple[bytes, bytes]) -> bytes:
    sps, pps = sets
    settings = bytes([1, *sps[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    settings += b"\x01" + struct.pack(">H", len(pps)) + pps
    picture = struct.pack(">6xH16xHHIIIH32sHh", 1, *size, 0x480000, 0x480000, 0, 1, b"", 24, -1)
    return _box(b"avc1", picture + _box(b"avcC", settings))


def _comment(text: str) -> bytes:
    value = _box(b"data", struct.pack(">II", 1, 0) + text.encode("utf-8", "replace"))
    handler = _full(b"hdlr", struct.pack(">I4s4s8x", 0, b"mdir", b"appl") + b"\0")
    return _box(b"udta", _full(b"meta", handler + _box(b"ilst", _box(b"\xa9cmt", value))))


def _full(name: bytes, content: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags) + content)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content
