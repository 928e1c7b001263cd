"""The least H.264 that every player reads: raw blocks where a picture changes, skips elsewhere.

Written from ITU-T H.264, sections 7.3 and 9.1: Constrained Baseline, CAVLC, I_PCM and P_Skip only.
A licence-free encoder is worth more to a sandbox than small files.
"""

import re
from collections.abc import Collection

from PIL import Image

_I_PCM, _I_PCM_IN_P = 25, 30
_FRAME_NUMBERS = 16
_IDR, _INTER, _SPS, _PPS = 0x65, 0x41, 0x67, 0x68
# Levels 3, 3.1 and 4: macroblocks a picture (table A-1).
_LEVELS = ((1620, 30), (3600, 31), (8192, 40))


class _Bits:
    """Bits in writing, most significant first."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._rest = ""

    def put(self, value: int, width: int) -> None:
        """`value` in `width` bits."""
        self._rest += format(value, f"0{width}b")
        whole = len(self._rest) // 8 * 8
        if whole:
            self._done += int(self._rest[:whole], 2).to_bytes(whole // 8, "big")
            self._rest = self._rest[whole:]

    def golomb(self, *values: int) -> None:
        """Each value as ue(v), section 9.1."""
        for value in values:
            width = (value + 1).bit_length()
            self.put(value + 1, 2 * width - 1)

    def raw(self, data: bytes) -> None:
        """Whole bytes, after zero bits up to the next boundary."""
        if self._rest:
            self.put(0, 8 - len(self._rest))
        self._done += data

    def ended(self) -> bytes:
        """Everything, with the stop bit."""
        self.put(1, 1)
        self.raw(b"")
        return bytes(self._done)


class Planes:
    """One picture in 4:2:0, its size rounded up to whole macroblocks of 16 by 16."""

    def __init__(self, image: Image.Image) -> None:
        self.across, self.down = -(-image.width // 16), -(-image.height // 16)
        whole = image if image.size == self._size else image.crop((0, 0, *self._size))
        y, cb, cr = whole.convert("YCbCr").split()
        # Video keeps brightness in 16..235 and colour in 16..240.
        self._luma = y.point([16 + round(v * 219 / 255) for v in range(256)]).tobytes()
        narrow = [16 + round(v * 224 / 255) for v in range(256)]
        self._colors = [plane.reduce(2).point(narrow).tobytes() for plane in (cb, cr)]

    @property
    def _size(self) -> tuple[int, int]:
        return self.across * 16, self.down * 16

    def block(self, number: int) -> bytes:
        """Macroblock `number`: 256 bytes of brightness, 64 of each colour."""
        row, column = divmod(number, self.across)
        parts = [_square(self._luma, self.across * 16, column, row, 16)]
        parts += [_square(plane, self.across * 8, column, row, 8) for plane in self._colors]
        return b"".join(parts)


def parameter_sets(width: int, height: int) -> tuple[bytes, bytes]:
    """SPS and PPS, section 7.3.2."""
    across, down = -(-width // 16), -(-height // 16)
    level = next((level for most, level in _LEVELS if across * down <= most), 51)
    sps = _Bits()
    sps.raw(bytes([66, 0xC0, level]))
    sps.golomb(0, 0, 2, 1)  # id, frame_num in 4 bits, order as decoded, one reference
    sps.put(0, 1)
    sps.golomb(across - 1, down - 1)
    sps.put(0b11, 2)
    cropped = (across * 16 - width, down * 16 - height)
    sps.put(int(any(cropped)), 1)
    if any(cropped):
        sps.golomb(0, cropped[0] // 2, 0, cropped[1] // 2)
    sps.put(0, 1)
    pps = _Bits()
    pps.golomb(0, 0)
    pps.put(0, 2)
    pps.golomb(0, 0, 0)
    pps.put(0, 3)
    pps.golomb(0, 0, 0)
    pps.put(0b100, 3)
    return _unit(_SPS, sps.ended()), _unit(_PPS, pps.ended())


def key_picture(planes: Planes) -> bytes:
    """A picture that stands alone: a slice of I_PCM macroblocks."""
    bits = _Bits()
    bits.golomb(0, 7, 0)
    bits.put(0, 4)
    bits.golomb(0)
    bits.put(0, 2)
    bits.golomb(0, 1)
    for number in range(planes.across * planes.down):
        bits.golomb(_I_PCM)
        bits.raw(planes.block(number))
    return _unit(_IDR, bits.ended())


def next_picture(planes: Planes, number: int, changed: Collection[int]) -> bytes:
    """Picture `number` after a key picture: only the `changed` macroblocks are sent."""
    bits = _Bits()
    bits.golomb(0, 5, 0)
    bits.put(number % _FRAME_NUMBERS, 4)
    bits.put(0, 3)
    bits.golomb(0, 1)
    behind = 0
    for block in sorted(changed):
        bits.golomb(block - behind, _I_PCM_IN_P)
        bits.raw(planes.block(block))
        behind = block + 1
    if rest := planes.across * planes.down - behind:
        bits.golomb(rest)
    return _unit(_INTER, bits.ended())


def _square(plane: bytes, stride: int, column: int, row: int, edge: int) -> bytes:
    first = row * edge * stride + column * edge
    return b"".join(plane[first + y * stride : first + y * stride + edge] for y in range(edge))


def _unit(header: int, payload: bytes) -> bytes:
    """A NAL unit: three zero bytes in a row must not look like a start code (7.4.1)."""
    return bytes([header]) + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", payload)
