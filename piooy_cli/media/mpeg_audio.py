"""Headers of MPEG audio frames and of ID3 tags. Pure. Sources: ISO 11172-3, 13818-3, ID3v2.4."""

from typing import NamedTuple

_BITRATES = {  # kbit/s by version (1, or 2 and 2.5) and layer
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)


class MpegFrame(NamedTuple):
    """A frame's header. `length` in bytes; `version` is 1 or 2."""

    length: int
    kilobits: int
    hertz: int
    samples: int
    version: int
    is_mono: bool


def id3_length(head: bytes) -> int:
    """Return the length of the ID3 tag that begins with these ten bytes; 0 if none does."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:  # seven bits of each count
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)


def frame_of(head: bytes) -> MpegFrame | None:
    """Parse a frame's header, four bytes; None if they are not one, or of free format."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, speed = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or rate in (0, 15) or speed == 3:
        return None
    major = 1 if version == 3 else 2
    kilobits = _BITRATES[major, layer][rate - 1]
    hertz = _RATES[speed] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 384 if layer == 1 else 576 if layer == 3 and major == 2 else 1152
    padding = head[2] >> 1 & 1
    if layer == 1:
        length = (12_000 * kilobits // hertz + padding) * 4
    else:
        length = samples // 8 * 1000 * kilobits // hertz + padding
    return MpegFrame(length, kilobits, hertz, samples, major, head[3] >> 6 == 3)
