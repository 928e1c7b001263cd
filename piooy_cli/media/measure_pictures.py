"""The pixels of PNG, JPEG, WebP, GIF and BMP, turned as a camera's EXIF says. Pure.

Sources: W3C PNG, ITU-T T.81 (JPEG), RFC 9649 (WebP), CIPA DC-008 (EXIF).
"""

import struct
from collections.abc import Callable

from piooy_cli.media.measured import Measured, Source

_NO_FRAME = frozenset({0xC4, 0xC8, 0xCC})  # markers among those of frames that are none
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_MOST_MARKERS = 1000
_ORIENTATION = 0x0112
_MOST_ENTRIES = 200


def measure_picture(source: Source, extension: str) -> Measured | None:
    """Return the size of a picture."""
    found = _SIZES[extension](source)
    return Measured(*found) if found and min(found) > 0 else None


def _png(source: Source) -> tuple[int, int] | None:
    name, width, height = struct.unpack(">4sII", source.exactly(12, 12))
    return (width, height) if name == b"IHDR" else None


def _gif(source: Source) -> tuple[int, int]:
    width, height = struct.unpack("<HH", source.exactly(6, 4))
    return width, height


def _bmp(source: Source) -> tuple[int, int]:
    (header,) = struct.unpack("<I", source.exactly(14, 4))
    form = "<HH" if header == 12 else "<ii"
    width, height = struct.unpack(form, source.exactly(18, struct.calcsize(form)))
    return width, abs(height)


def _webp(source: Source) -> tuple[int, int] | None:
    head = source.exactly(12, 18)
    match head[:4]:
        case b"VP8 " if head[11:14] == b"\x9d\x01\x2a":
            width, height = struct.unpack("<HH", head[14:18])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L" if head[8] == 0x2F:
            bits = int.from_bytes(head[9:13], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            sides = head[12:15], head[15:18]
            return int.from_bytes(sides[0], "little") + 1, int.from_bytes(sides[1], "little") + 1
    return None


def _jpeg(source: Source) -> tuple[int, int] | None:
    at, turned = 2, False
    for _ in range(_MOST_MARKERS):
        head = source.exactly(at, 4)
        if head[0] != 0xFF:
            return None
        if head[1] == 0xFF or head[1] in _ALONE:
            at += 1 if head[1] == 0xFF else 2
            continue
        (length,) = struct.unpack(">H", head[2:])
        if 0xC0 <= head[1] <= 0xCF and head[1] not in _NO_FRAME:
            height, width = struct.unpack(">HH", source.exactly(at + 5, 4))
            return (height, width) if turned else (width, height)
        if head[1] == 0xE1:
            turned = turned or _is_turned(source.at(at + 4, length))
        elif head[1] in (0xD9, 0xDA):
            return None
        at += 2 + length
    return None


def _is_turned(data: bytes) -> bool:
    """Whether this EXIF says that the picture lies on its side."""
    if data[:6] != b"Exif\0\0":
        return False
    tiff = data[6:]
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, at)
        for number in range(min(count, _MOST_ENTRIES)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * number)
            if tag == _ORIENTATION:
                return bool(kind == 3 and 5 <= value <= 8)
    except struct.error:
        pass  # as viewers do: what EXIF does not say is not turned
    return False


_SIZES: dict[str, Callable[[Source], tuple[int, int] | None]] = {
    "png": _png, "jpg": _jpeg, "gif": _gif, "bmp": _bmp, "webp": _webp,
}  # fmt: skip
