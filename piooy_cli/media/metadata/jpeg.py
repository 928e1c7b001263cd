"""JPEG: EXIF and XMP in APP1 segments (ISO 10918-1; ISO 16684-3), after JFIF's and EXIF's own."""

import re
import struct
from functools import partial
from typing import BinaryIO, NamedTuple

from piooy_cli.media.metadata import exif, parameters, xmp
from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded, Plan, Planner
from piooy_cli.media.metadata.recipe import Recipe
from piooy_cli.media.metadata.streams import blocks, part

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_LONG_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_LONGEST = 65_533  # bytes in a segment
_APP0, _APP1, _APP2, _APP11, _SOS, _EOI, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEB, 0xDA, 0xD9, 0xFE
# In the picture's data FF is followed by 00, by a restart, or by another FF.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MOST_SEGMENTS = 20_000


class _Layout(NamedTuple):
    """Where new segments go, and the packet's segment if there is one."""

    place: int
    packet: Edit | None
    has_exif: bool


def survey(file: BinaryIO, size: int, found: Found) -> Planner:
    """Follow the segments and scans to the end, and return how to add a recipe."""
    if part(file, 0, 2) != b"\xff\xd8":
        raise NotEmbedded("it is not a JPEG")
    layout, at, count = _Layout(2, None, False), 2, 0
    while (marker := _marker(file, at)) != _EOI:
        end = at + 2 + _length(file, at)
        layout = _read(file, marker, at, end, layout, found)
        at, count = _after_scan(file, end, size) if marker == _SOS else end, count + 1
        if count > _MOST_SEGMENTS:
            raise NotEmbedded("it has too many segments")
    if at + 2 != size or not count:
        raise NotEmbedded("bytes follow its end")
    return partial(_plan, found, layout)


def _marker(file: BinaryIO, at: int) -> int:
    first, marker = part(file, at, 2)
    if first != 0xFF or marker < 0xC0 or 0xD0 <= marker <= 0xD8 or marker == 0xFF:
        raise NotEmbedded("it has a segment that is not one")
    return int(marker)


def _length(file: BinaryIO, at: int) -> int:
    (length,) = struct.unpack(">H", part(file, at + 2, 2))
    if length < 2:
        raise NotEmbedded("the length of a segment is wrong")
    return int(length)


def _after_scan(file: BinaryIO, start: int, end: int) -> int:
    """Return where the next marker is, after the data of a scan."""
    at, last = start, b""
    for block in blocks(file, start, end):
        if marker := _MARKER.search(last + block):
            return at - len(last) + marker.start()
        at, last = at + len(block), block[-1:]
    raise NotEmbedded("it is cut off")


def _read(
    file: BinaryIO, marker: int, start: int, end: int, layout: _Layout, found: Found
) -> _Layout:
    """Return the layout with what a segment adds to it."""
    if marker not in (_APP0, _APP1, _APP2, _APP11, _COMMENT):
        return layout
    data = part(file, start + 4, end - start - 4)
    _check(marker, data, found)
    if marker == _APP1 and data.startswith(_XMP):
        found.add_xmp(data.removeprefix(_XMP))
        layout = layout._replace(packet=Edit(start, end, b""))
    if marker == _APP1 and data.startswith(_EXIF):
        exif.read(data.removeprefix(_EXIF), found)
        layout = layout._replace(has_exif=True)
    leads = marker == _APP0 or (marker == _APP1 and data.startswith(_EXIF))
    return layout._replace(place=end) if leads and start == layout.place else layout


def _check(marker: int, data: bytes, found: Found) -> None:
    if marker == _COMMENT:
        found.add_text("comment", data.decode("utf-8", "replace"))
    if marker == _APP11 and data[:2] == b"JP" and data[12:16] == b"jumb":
        found.sign("C2PA")
    if marker == _APP1 and data.startswith(_LONG_XMP):
        raise NotEmbedded("its XMP is in several parts")
    if marker == _APP2 and data.startswith(b"MPF\0"):  # offsets and sizes of its pictures
        raise NotEmbedded("it has several pictures")


def _plan(found: Found, layout: _Layout, recipe: Recipe) -> Plan:
    most = _LONGEST - len(_XMP)
    packet, left_out = xmp.written(recipe, found.xmp, most=most)
    segment = _segment(_XMP + packet)
    comment = _comment(recipe, layout, left_out)
    packet_place = layout.packet or Edit(layout.place, layout.place, b"")
    edits = [Edit(layout.place, layout.place, comment), packet_place._replace(data=segment)]
    return Plan(edits, left_out)


def _comment(recipe: Recipe, layout: _Layout, left_out: list[str]) -> bytes:
    text = parameters.written(recipe)
    if text is None:
        return b""
    data = _EXIF + exif.written(text)
    if layout.has_exif or len(data) > _LONGEST:
        left_out.append("parameters")
        return b""
    return _segment(data)


def _segment(data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, _APP1, len(data) + 2) + data
