"""Opening a manifest: a file, a pipe or stdin, read once as it arrives."""

import hashlib
import os
import re
import select
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from piooy_cli.domain.errors import NotFound, StorageRefused, UsageError
from piooy_cli.downloads.naming import is_reserved, slug
from piooy_cli.files.reading import expanded
from piooy_cli.output.streams import is_terminal

_PIECE = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", re.ASCII)
_SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


class Manifest:
    """An open manifest. `waiting` is called every second that a pipe is silent."""

    def __init__(self, source: str, waiting: Callable[[], None]) -> None:
        self.source = source
        self._waiting = waiting
        self._read_so_far = hashlib.sha256()
        self._told_at = time.monotonic()
        if source.lower().endswith(_SPREADSHEETS):
            raise UsageError(f"{source} is a spreadsheet", "export it as CSV, and give that file")
        self._handle = _stdin() if source == "-" else _opened(source)
        mode = os.fstat(self._handle).st_mode if self._handle is not None else 0
        self.is_file = source != "-" and stat.S_ISREG(mode)
        if stat.S_ISDIR(mode):
            raise UsageError(f"{source} is a directory", "give a file, or `-` for stdin")

    @property
    def label(self) -> str:
        """Its name in messages."""
        return "stdin" if self.source == "-" else self.source

    @property
    def directory(self) -> Path:
        """Its directory, without symbolic links; the working directory if it is not a file."""
        path = expanded(self.source).parent if self.is_file else Path()
        return Path(os.path.realpath(path))

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes, from the beginning if it is a file."""
        if self.is_file and self._handle is not None:
            os.lseek(self._handle, 0, os.SEEK_SET)
        self._read_so_far = hashlib.sha256()
        while piece := self._read():
            self._read_so_far.update(piece)
            yield piece

    @property
    def digest(self) -> str:
        """Return the digest of all bytes read: equal digests mean equal manifests."""
        return self._read_so_far.hexdigest()

    def read_through(self) -> str:
        """Return the digest of a file."""
        for _ in self.pieces():
            pass
        return self.digest

    def close(self) -> None:
        """Close the file; stdin stays open."""
        if self.source != "-" and self._handle is not None:
            os.close(self._handle)

    def _read(self) -> bytes:
        if self._handle is None:
            return sys.stdin.buffer.read(_PIECE)
        try:
            if not self.is_file:
                self._until_readable(self._handle)
            return os.read(self._handle, _PIECE)
        except OSError as error:
            raise StorageRefused(f"{self.label}: {error.strerror}") from error

    def _until_readable(self, handle: int) -> None:
        """Read a pipe, which may stall for hours: `waiting` reports it and keeps the deadline."""
        if os.name == "nt":
            return  # where a pipe cannot be asked, reading waits
        while not select.select([handle], [], [], 1.0)[0] or self._is_slow():
            self._told_at = time.monotonic()
            self._waiting()

    def _is_slow(self) -> bool:
        """Call `waiting` once a second, even if bytes keep arriving."""
        return time.monotonic() - self._told_at >= 1


def name_of(manifest: Manifest, given: str | None, digest: str) -> str:
    """Return a batch's name: as given, or from the file's path or the pipe's content."""
    if given is not None:
        return checked_name(given)
    if not manifest.is_file:
        return f"stdin-{digest[:10]}"
    return name_of_path(expanded(manifest.source))


def name_of_path(path: Path) -> str:
    """Return the name of a batch whose rows are in this file."""
    place = Path(os.path.realpath(path))
    known = slug(place.stem, 30)
    stem = known if known.isascii() and known else "batch"
    return f"{stem}-{hashlib.sha256(os.fsencode(place)).hexdigest()[:6]}"


def checked_name(name: str) -> str:
    """Return `name`. Raises UsageError if it is not a valid file name."""
    if is_reserved(name):
        raise UsageError(f"--name {name[:60]!r} is a name that Windows reserves", "use another one")
    if _NAME.fullmatch(name):
        return name
    raise UsageError(
        f"--name {name[:60]!r} is not a valid batch name", "use letters, digits, and . _ + - inside"
    )


def _stdin() -> int | None:
    """Return a stream's descriptor; None if it has none."""
    if sys.stdin is None or is_terminal(sys.stdin):
        raise UsageError("no manifest was given", "give a file, or pipe one in")
    with suppress(OSError, ValueError):
        return sys.stdin.fileno()
    return None


def _opened(source: str) -> int:
    """Open a path without blocking: a FIFO without a writer is waited for later."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(expanded(source), flags | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise NotFound(f"no such file: {source}", "the manifest was to be read from it") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{source}: {getattr(error, 'strerror', error)}") from None
    return handle
