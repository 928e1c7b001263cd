"""ISO media by its boxes: MP4, MOV, M4A, 3GP, AVIF and HEIC. Pure.

Sources: ISO 14496-12 (boxes), 23008-12 (pictures).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from piooy_cli.media.measured import Measured, Source, seconds

_MOST_TRACKS = 64
_MOST_REFERENCES = 4000
_NEVER = {0: 0xFFFFFFFF, 1: 0xFFFFFFFFFFFFFFFF}  # "unknown", by version
_FRAGMENTS = frozenset({b"moof", b"mdat"})


class _Box(NamedTuple):
    """A box. `start`, `end`: of its content."""

    name: bytes
    start: int
    end: int


class _Track(NamedTuple):
    """A track. `shown`: its duration in the movie's ticks; `length`: in seconds of its own."""

    kind: bytes = b""
    size: tuple[int, int] = (0, 0)
    shown: int = 0
    length: float | None = None


class _Movie(NamedTuple):
    """An index. `fragmented`: the samples are elsewhere, and `mehd` may say how long they are."""

    rate: int = 0
    ticks: int = 0
    fragmented: bool = False
    mehd: int = 0
    tracks: tuple[_Track, ...] = ()


def measure_boxes(source: Source) -> Measured | None:
    """Return what the index of a movie says, or the size of a picture."""
    movie, pieces = None, 0.0
    for box in _boxes(source, 0, source.size):
        if box.name == b"meta":
            return _picture(source, box)
        if box.name == b"moov" and movie is None:
            movie = _movie(source, box)
        elif box.name == b"sidx":
            pieces = pieces or _pieces(source, box)
        elif movie and box.name in _FRAGMENTS:
            break
        if movie and not movie.fragmented:
            break
    return _measured(movie, pieces) if movie and movie.tracks else None


def _boxes(source: Source, start: int, end: int) -> Iterator[_Box]:
    """Yield the boxes between two offsets, until one is not possible."""
    while start + 8 <= end:
        length, name = struct.unpack(">I4s", source.exactly(start, 8))
        head = 8
        if length == 1:
            (length,) = struct.unpack(">Q", source.exactly(start + 8, 8))
            head = 16
        until = start + length if length else end
        if until > end or until < start + head:
            return
        yield _Box(name, start + head, until)
        start = until


def _measured(movie: _Movie, pieces: float) -> Measured:
    kinds = [track.kind for track in movie.tracks]
    videos = [track for track in movie.tracks if track.kind == b"vide"]
    width, height = next((track.size for track in videos if min(track.size) > 0), (None, None))
    return Measured(
        width, height, _duration(movie, videos, pieces), b"soun" in kinds, bool(videos), len(kinds)
    )


def _duration(movie: _Movie, videos: list[_Track], pieces: float) -> float | None:
    if movie.fragmented:
        return seconds(movie.mehd, movie.rate) or pieces or None
    shown = next((track.shown for track in videos if track.shown), movie.ticks)
    longest = max((track.length or 0 for track in movie.tracks), default=0)
    return seconds(shown, movie.rate) or longest or None


def _movie(source: Source, box: _Box) -> _Movie:
    movie = _Movie()
    tracks: list[_Track] = []
    for one in _boxes(source, box.start, box.end):
        if one.name == b"mvhd":
            rate, ticks = _clock(source, one)
            movie = movie._replace(rate=rate, ticks=ticks)
        elif one.name == b"mvex":
            movie = movie._replace(fragmented=True, mehd=_mehd(source, one))
        elif one.name == b"trak" and len(tracks) < _MOST_TRACKS:
            tracks.append(_track(source, one))
    if not movie.fragmented:  # an empty track is none
        tracks = [one for one in tracks if one.length or one.kind not in (b"soun", b"vide")]
    return movie._replace(tracks=tuple(tracks))


def _clock(source: Source, box: _Box) -> tuple[int, int]:
    """Return ticks a second and the duration in them, of `mvhd` or `mdhd`."""
    version = source.exactly(box.start, 1)[0]
    form = ">IQ" if version == 1 else ">II"
    at = box.start + (20 if version == 1 else 12)
    rate, ticks = struct.unpack(form, source.exactly(at, struct.calcsize(form)))
    return rate, 0 if ticks == _NEVER[min(version, 1)] else ticks


def _mehd(source: Source, box: _Box) -> int:
    for one in _boxes(source, box.start, box.end):
        if one.name == b"mehd":
            version = source.exactly(one.start, 1)[0]
            return int.from_bytes(source.exactly(one.start + 4, 8 if version == 1 else 4), "big")
    return 0


def _track(source: Source, box: _Box) -> _Track:
    track, turned = _Track(), False
    for one in _boxes(source, box.start, box.end):
        if one.name == b"tkhd":
            shown, turned = _header(source, one)
            track = track._replace(shown=shown)
        elif one.name == b"mdia":
            track = _media(source, one, track)
    width, height = track.size
    return track._replace(size=(height, width)) if turned else track


def _header(source: Source, box: _Box) -> tuple[int, bool]:
    """Return a track's duration in ticks of the movie, and whether it is shown on its side."""
    version = source.exactly(box.start, 1)[0]
    at = box.start + (28 if version == 1 else 20)
    width = 8 if version == 1 else 4
    ticks = int.from_bytes(source.exactly(at, width), "big")
    a, b, _, c, d = struct.unpack(">5i", source.exactly(at + width + 16, 20))
    return 0 if ticks == _NEVER[min(version, 1)] else ticks, not a and not d and bool(b and c)


def _media(source: Source, box: _Box, track: _Track) -> _Track:
    for one in _boxes(source, box.start, box.end):
        if one.name == b"mdhd":
            rate, ticks = _clock(source, one)
            track = track._replace(length=seconds(ticks, rate))
        elif one.name == b"hdlr":
            track = track._replace(kind=source.exactly(one.start + 8, 4))
        elif one.name == b"minf" and track.kind == b"vide":
            track = track._replace(size=_coded_size(source, one))
    return track


def _coded_size(source: Source, box: _Box) -> tuple[int, int]:
    """Return width and height of the first sample description."""
    for table in _boxes(source, box.start, box.end):
        if table.name != b"stbl":
            continue
        for one in _boxes(source, table.start, table.end):
            if one.name == b"stsd":
                width, height = struct.unpack(">HH", source.exactly(one.start + 40, 4))
                return width, height
    return 0, 0


def _pieces(source: Source, box: _Box) -> float:
    """Return the duration of all pieces in a segment index."""
    version, rate = struct.unpack(">B7xI", source.exactly(box.start, 12))
    at = box.start + (28 if version else 20)
    (count,) = struct.unpack(">2xH", source.exactly(at, 4))
    if count > _MOST_REFERENCES:
        return 0
    table = source.exactly(at + 4, 12 * count)
    ticks = sum(length for _, length, _ in struct.iter_unpack(">III", table))
    return seconds(ticks, rate) or 0


def _picture(source: Source, box: _Box) -> Measured | None:
    """Return the size of the primary picture, turned as its properties say."""
    inside = {one.name: one for one in _boxes(source, box.start + 4, box.end)}
    primary, parts = inside.get(b"pitm"), inside.get(b"iprp")
    if not primary or not parts:
        return None
    width = 4 if source.exactly(primary.start, 1)[0] else 2
    item = int.from_bytes(source.exactly(primary.start + 4, width), "big")
    known = {one.name: one for one in _boxes(source, parts.start, parts.end)}
    properties = (
        list(_boxes(source, known[b"ipco"].start, known[b"ipco"].end)) if b"ipco" in known else []
    )
    size, turned = (0, 0), False
    for number in _properties_of(source, known.get(b"ipma"), item):
        one = properties[number - 1]
        if one.name == b"ispe":
            size = struct.unpack(">II", source.exactly(one.start + 4, 8))
        elif one.name == b"irot":
            turned = bool(source.exactly(one.start, 1)[0] & 1)
    return Measured(*(size[::-1] if turned else size)) if min(size) > 0 else None


def _properties_of(source: Source, box: _Box | None, item: int) -> Iterator[int]:
    """Yield the numbers of an item's properties, from 1."""
    if box is None:
        return
    data = source.exactly(box.start, box.end - box.start)
    wide, large = data[0] > 0, data[3] & 1
    (count,), at = struct.unpack_from(">I", data, 4), 8
    for _ in range(min(count, _MOST_REFERENCES)):
        (number,) = struct.unpack_from(">I" if wide else ">H", data, at)
        at += 4 if wide else 2
        links, at = data[at], at + 1
        for _ in range(links):
            (link,) = struct.unpack_from(">H" if large else ">B", data, at)
            at += 2 if large else 1
            if number == item and (found := link & (0x7FFF if large else 0x7F)):
                yield found
