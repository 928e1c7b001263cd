"""Where the media data of MP4 is: each chunk has its place in the file, which moves."""

import struct
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import NamedTuple

from piooy_cli.media.metadata import boxes
from piooy_cli.media.metadata.boxes import Box
from piooy_cli.media.metadata.found import NotEmbedded

_SELF_CONTAINED = 1
_WIDTHS = {b"stco": (4, "I"), b"co64": (8, "Q")}
# Those with other offsets into the file, and those that cannot be checked.
_REFUSED = frozenset({b"saio", b"stz2"})


class Table(NamedTuple):
    """The chunk offsets of a track: where they are in `moov`, their kind, and themselves."""

    at: int
    kind: str
    offsets: tuple[int, ...]


def table(moov: bytes, track: Box, media: list[Box]) -> Table:
    """Return the offsets of a track. Raises NotEmbedded if a chunk is not inside the media data."""
    information = boxes.inside(moov, track, b"mdia", b"minf")
    _check_references(moov, information)
    lists = boxes.children(moov, *boxes.inside(moov, information, b"stbl")[2:])
    places = [box for box in lists if box.name in _WIDTHS]
    if len(places) != 1 or any(box.name in _REFUSED for box in lists):
        raise NotEmbedded("its index is not understood")
    width, kind = _WIDTHS[places[0].name]
    offsets = tuple(offset for (offset,) in boxes.full(moov, places[0], width, kind))
    _check(offsets, _lengths(moov, lists, len(offsets)), media)
    return Table(places[0].body + 8, kind, offsets)


def _check_references(moov: bytes, information: Box) -> None:
    """Refuse tracks whose media is in other files."""
    references = boxes.inside(moov, information, b"dinf", b"dref")
    for box in boxes.children(moov, references.body + 8, references.end):
        if moov[box.body + 3] != _SELF_CONTAINED:
            raise NotEmbedded("a part of it is in another file")


def _lengths(moov: bytes, lists: list[Box], count: int) -> list[int]:
    """Return the length of each chunk in bytes."""
    samples = _samples_of_chunks(moov, boxes.only(lists, b"stsc"), count)
    ends = list(accumulate(samples, initial=0))
    sizes = boxes.only(lists, b"stsz")
    size, total = struct.unpack_from(">II", moov, sizes.body + 4)
    if ends[-1] != total:
        raise NotEmbedded("its index does not fit together")
    if size:
        return [number * size for number in samples]
    table = moov[sizes.body + 12 : sizes.end]
    if len(table) != total * 4:
        raise NotEmbedded("a table of it has a wrong length")
    bytes_before = list(accumulate(struct.unpack(f">{total}I", table), initial=0))
    return [bytes_before[end] - bytes_before[start] for start, end in pairwise(ends)]


def _samples_of_chunks(moov: bytes, box: Box, count: int) -> list[int]:
    """Return how many samples each chunk has; the table has runs of equal ones."""
    runs = list(boxes.full(moov, box, 12, "III"))
    firsts = [*(first for first, _, _ in runs), count + 1]
    if firsts[0] != 1 or any(first >= after for first, after in pairwise(firsts)):
        raise NotEmbedded("its index is in no order")
    pairs = zip(runs, firsts[1:], strict=True)
    return [number for (first, number, _), after in pairs for _ in range(after - first)]


def _check(offsets: tuple[int, ...], lengths: list[int], media: list[Box]) -> None:
    starts = [box.body for box in media]
    for offset, length in zip(offsets, lengths, strict=True):
        number = bisect_right(starts, offset) - 1
        if number < 0 or offset + length > media[number].end:
            raise NotEmbedded("its index points outside of its media data")


def shift(moov: bytearray, table: Table, moved: Callable[[int], int]) -> None:
    """Write the new offsets."""
    offsets = [moved(offset) for offset in table.offsets]
    try:
        struct.pack_into(f">{len(offsets)}{table.kind}", moov, table.at, *offsets)
    except struct.error as error:
        raise NotEmbedded("it is too large for its index") from error
