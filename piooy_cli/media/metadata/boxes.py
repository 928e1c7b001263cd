"""Boxes of ISO media (ISO 14496-12), in a file and in memory."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from piooy_cli.media.metadata.found import NotEmbedded
from piooy_cli.media.metadata.streams import part

_MOST_BOXES = 10_000


class Box(NamedTuple):
    """A box: where it begins, where its content begins, and where it ends."""

    name: bytes
    start: int
    body: int
    end: int

    @property
    def is_short(self) -> bool:
        """Whether the header has its length in four bytes."""
        return self.body == self.start + 8


def in_file(file: BinaryIO, size: int) -> list[Box]:
    """Return the boxes of a file. Raises NotEmbedded if they are not the whole file."""
    at, boxes = 0, list[Box]()
    while at < size:
        length, name = struct.unpack(">I4s", part(file, at, 8))
        long = length == 1
        if long:
            (length,) = struct.unpack(">Q", part(file, at + 8, 8))
        boxes.append(_box(name, at, at + (16 if long else 8), at + length, size))
        at += length
        if len(boxes) > _MOST_BOXES:
            raise NotEmbedded("it has too many boxes")
    return boxes


def _box(name: bytes, start: int, body: int, end: int, limit: int) -> Box:
    if not body <= end <= limit:
        raise NotEmbedded("the length of a box is wrong")
    return Box(name, start, body, end)


def children(data: bytes, start: int, end: int) -> list[Box]:
    """Return the boxes between two places in memory, which they must fill."""
    boxes = list[Box]()
    while start < end:
        if end - start < 8:
            raise NotEmbedded("the length of a box is wrong")
        length, name = struct.unpack_from(">I4s", data, start)
        boxes.append(_box(name, start, start + 8, start + length, end))
        start += length
        if len(boxes) > _MOST_BOXES:
            raise NotEmbedded("it has too many boxes")
    return boxes


def only(boxes: list[Box], name: bytes) -> Box:
    """Return the only box with a name. Raises NotEmbedded if there is none, or more."""
    found = [box for box in boxes if box.name == name]
    if len(found) != 1:
        raise NotEmbedded(f"it has {len(found)} boxes {name.decode('latin-1')!r}, not one")
    return found[0]


def inside(data: bytes, box: Box, *path: bytes) -> Box:
    """Follow a path of names, each of which occurs once."""
    for name in path:
        box = only(children(data, box.body, box.end), name)
    return box


def full(data: bytes, box: Box, size: int, name: str) -> Iterator[tuple[int, ...]]:
    """Yield the entries of a table: version, flags and count, then entries of struct's `name`."""
    count, first = struct.unpack_from(">I", data, box.body + 4)[0], box.body + 8
    if first + count * size != box.end:
        raise NotEmbedded("a table of it has a wrong length")
    return struct.iter_unpack(f">{name}", data[first : box.end])


def made(name: bytes, content: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I", len(content) + 8) + name + content
