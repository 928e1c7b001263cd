"""Reading parts of a file, and copying it with edits, in constant memory."""

import os
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from piooy_cli.media.metadata.found import MOST, Edit, NotEmbedded

_BLOCK = 1 << 20


def size_of(file: BinaryIO) -> int:
    """Return the number of bytes in a file."""
    return file.seek(0, os.SEEK_END)


def part(file: BinaryIO, at: int, count: int) -> bytes:
    """Return `count` bytes. Raises NotEmbedded if they are not there, or too many for memory."""
    if count > MOST:
        raise NotEmbedded(f"its metadata is larger than {MOST >> 20} MiB")
    file.seek(at)
    data = file.read(count)
    if len(data) < count:
        raise NotEmbedded("it is cut off")
    return data


def blocks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from `start` to `end`, a block at a time."""
    file.seek(start)
    while start < end:
        data = file.read(min(end - start, _BLOCK))
        if not data:
            raise NotEmbedded("it is cut off")
        start += len(data)
        yield data


class Target(Protocol):
    """What a copy is written to, from its beginning to its end."""

    def write(self, data: bytes, /) -> object:
        """Write all of the data."""


def write_edited(source: BinaryIO, target: Target, edits: list[Edit]) -> None:
    """Write a copy of `source` with the edits."""
    at, size = 0, size_of(source)
    for edit in sorted(edits):
        _copy(source, target, at, edit.start)
        target.write(edit.data)
        at = edit.end
    _copy(source, target, at, size)


def _copy(source: BinaryIO, target: Target, start: int, end: int) -> None:
    for data in blocks(source, start, end):
        target.write(data)
