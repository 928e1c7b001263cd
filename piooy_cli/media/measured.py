"""What is measured of a media file, and reading its bytes within a budget. Pure."""

from typing import BinaryIO, NamedTuple

_MOST_READS = 4000
_LONGEST_READ = 1 << 17  # bytes


class Measured(NamedTuple):
    """A file by its headers: pixels as shown, seconds, tracks. None: it does not say.

    A still picture has neither tracks nor a duration.
    """

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    has_audio: bool = False
    has_video: bool = False
    tracks: int = 0


class Source:
    """A file that is read in small pieces, of which there may not be many."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._reads = 0
        self.size = file.seek(0, 2)

    def at(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from an offset. Raises ValueError if that is absurd."""
        self._reads += 1
        if self._reads > _MOST_READS or not 0 <= offset <= self.size or count > _LONGEST_READ:
            raise ValueError("no reasonable file needs this")
        self._file.seek(offset)
        return self._file.read(count)

    def exactly(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from an offset. Raises ValueError if there are fewer."""
        data = self.at(offset, count)
        if len(data) < count:
            raise ValueError("cut off")
        return data


def seconds(ticks: int, rate: int, unknown: int = 0) -> float | None:
    """Return `ticks` at so many a second in seconds; None if one of them says nothing."""
    return ticks / rate if rate and ticks not in (0, unknown) else None
