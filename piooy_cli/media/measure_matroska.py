"""WebM and Matroska by the elements before the first cluster. Pure. Source: RFC 9559."""

import struct
from collections.abc import Iterator

from piooy_cli.media.measured import Measured, Source

_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION, _ENTRY, _TYPE = 0x2AD7B1, 0x4489, 0xAE, 0x83
_VIDEO, _WIDTH, _HEIGHT = 0xE0, 0xB0, 0xBA
_USUAL_SCALE = 1_000_000  # nanoseconds a tick
_IS_VIDEO, _IS_AUDIO = 1, 2
_FLOATS = {4: ">f", 8: ">d"}
_Element = tuple[int, int, int]  # id, start and end of its content


def measure_matroska(source: Source) -> Measured | None:
    """Return what `Info` and `Tracks` say."""
    kinds: list[int] = []
    duration, size = None, (0, 0)
    for name, start, end in _of_segment(source):
        if name == _INFO:
            duration = _duration(source, start, end)
        elif name == _TRACKS:
            for entry, begin, until in _elements(source, start, end):
                if entry == _ENTRY:
                    kind, found = _track(source, begin, until)
                    kinds.append(kind)
                    size = size if min(size) > 0 else found
    if not kinds:
        return None
    width, height = size if min(size) > 0 else (None, None)
    has_audio, has_video = _IS_AUDIO in kinds, _IS_VIDEO in kinds
    return Measured(width, height, duration, has_audio, has_video, len(kinds))


def _of_segment(source: Source) -> Iterator[_Element]:
    """Yield the elements of the first segment, up to the media itself."""
    for name, start, end in _elements(source, 0, source.size):
        if name == _SEGMENT:
            for one in _elements(source, start, end):
                if one[0] == _CLUSTER:
                    return
                yield one
            return


def _elements(source: Source, start: int, end: int) -> Iterator[_Element]:
    while start + 2 <= end:
        head = source.at(start, 12)
        name, width = _number(head, marked=True)
        length, more = _number(head[width:])
        begin = start + width + more
        unknown = length == (1 << 7 * more) - 1
        until = end if unknown else begin + length
        if until > end:
            return
        yield name, begin, until
        start = until


def _number(data: bytes, *, marked: bool = False) -> tuple[int, int]:
    """Decode an EBML number, with its length marker if it is an id; and how long it is."""
    width = 9 - data[0].bit_length()
    if width > len(data) or width > 8:
        raise ValueError("cut off")
    value = int.from_bytes(data[:width], "big")
    return (value if marked else value & (1 << 7 * width) - 1), width


def _duration(source: Source, start: int, end: int) -> float | None:
    scale, ticks = _USUAL_SCALE, 0.0
    for name, begin, until in _elements(source, start, end):
        if name == _SCALE:
            scale = _whole(source, begin, until)
        elif name == _DURATION:
            form = _FLOATS.get(until - begin, ">")
            (ticks,) = struct.unpack(form, source.exactly(begin, until - begin)[:8])
    length = ticks * scale / 1e9
    return length if 0 < length < 1e9 else None


def _track(source: Source, start: int, end: int) -> tuple[int, tuple[int, int]]:
    """Return the kind of a track, and its pixels."""
    kind, sides = 0, {_WIDTH: 0, _HEIGHT: 0}
    for name, begin, until in _elements(source, start, end):
        if name == _TYPE:
            kind = _whole(source, begin, until)
        elif name == _VIDEO:
            for side, first, last in _elements(source, begin, until):
                if side in sides:
                    sides[side] = _whole(source, first, last)
    return kind, (sides[_WIDTH], sides[_HEIGHT])


def _whole(source: Source, start: int, end: int) -> int:
    if end - start > 8:
        raise ValueError("not a number")
    return int.from_bytes(source.exactly(start, end - start), "big")
