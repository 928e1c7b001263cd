"""RIFF: chunks of WebP and WAV, followed strictly to the end of the file."""

import struct
from typing import BinaryIO, NamedTuple

from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded
from piooy_cli.media.metadata.streams import part

_MOST_CHUNKS = 20_000
_LARGEST = 0xFFFFFFFE  # bytes of a file


class Chunk(NamedTuple):
    """A chunk: its data, without header and padding, and where it is with them."""

    name: bytes
    start: int
    length: int

    @property
    def data(self) -> int:
        """Where the data begins."""
        return self.start + 8

    @property
    def end(self) -> int:
        """Where the next chunk begins."""
        return self.start + 8 + self.length + self.length % 2


def chunks(file: BinaryIO, size: int, form: bytes, found: Found) -> list[Chunk]:
    """Return the chunks of a file. Raises NotEmbedded if they are not the whole file."""
    name, length, kind = struct.unpack("<4sI4s", part(file, 0, 12))
    if name != b"RIFF" or kind != form:
        raise NotEmbedded("it is in another format, or larger than 4 GiB")
    at, all_chunks = 12, list[Chunk]()
    while at < size and len(all_chunks) < _MOST_CHUNKS:
        all_chunks.append(Chunk(*_head(file, at)))
        at = all_chunks[-1].end
        if all_chunks[-1].name == b"C2PA":
            found.sign("C2PA")
    if at != size or length + 8 != size:
        raise NotEmbedded("its length is wrong")
    return all_chunks


def _head(file: BinaryIO, at: int) -> tuple[bytes, int, int]:
    name, length = struct.unpack("<4sI", part(file, at, 8))
    return name, at, length


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk with its padding."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def resized(edits: list[Edit], size: int) -> list[Edit]:
    """Return the edits and one that corrects the length in the file's header."""
    new = size + sum(len(edit.data) - (edit.end - edit.start) for edit in edits)
    if new > _LARGEST:
        raise NotEmbedded("it would be larger than 4 GiB")
    return [Edit(4, 8, struct.pack("<I", new - 8)), *edits]
