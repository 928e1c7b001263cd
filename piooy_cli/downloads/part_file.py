"""A part file: a download in progress, beside its final place, hashed as it grows, resumable.

Its name says which asset it belongs to, and a lock that a process is writing it: so the part
files of killed runs can be found.
"""

import hashlib
import os
import re
import secrets
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from types import TracebackType

from piooy_cli.domain.errors import StorageRefused
from piooy_cli.files.errors import disk_errors
from piooy_cli.files.locks import lock
from piooy_cli.files.reading import BINARY, read_at
from piooy_cli.files.writing import NO_FOLLOW, create_file
from piooy_cli.media import types

_FLAGS = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | NO_FOLLOW | BINARY
_PIECE = 1 << 20
_CLAIMS = 5
_STRAY = re.compile(r"\.piooy-(.+-[0-9]+-[0-9a-f]{8}\.part|[0-9a-f]{8}\.probe)")


class PartFile:
    """The part file of `label`. On exit it is removed, unless `kept` is set for the next run."""

    def __init__(self, directory: Path, label: str) -> None:
        self._directory = directory
        self._label = f".piooy-{label[:100]}"
        self.path = directory / f"{self._label}.part"
        self.kept = False
        self._writing = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self.size = 0
        self.head = b""
        self._hash = hashlib.sha256()

    def another(self) -> "PartFile":
        """Return a new part file beside this one, which no later run would resume."""
        other = PartFile(self._directory, self._label.removeprefix(".piooy-"))
        other.path = self._directory / f"{self._label}-{secrets.token_hex(4)}.part"
        return other

    def __enter__(self) -> "PartFile":
        with disk_errors(self._directory):
            handle = _claimed(self.path)
            for _ in range(_CLAIMS):
                if handle is not None:
                    break  # else another process is at it, or something else has its name
                self.path = self._directory / f"{self._label}-{secrets.token_hex(4)}.part"
                handle = _claimed(self.path)
            if handle is None:  # without locks, use a new file
                handle = create_file(self.path, flags=os.O_RDWR)
        self._handle = handle
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        full = isinstance(error, StorageRefused)  # what cannot grow here is only in the way
        if not self.kept or full or kind is None:
            with suppress(OSError):
                if os.path.samestat(os.fstat(self._handle), self.path.lstat()):
                    self.path.unlink()  # and not what another process has made there since
        with self._writing:  # a thread may be at it still, where everything was cancelled
            os.close(self._handle)
            self._handle = -1

    def take_up(self) -> None:
        """Continue after the bytes that an earlier run left; they are hashed again."""
        self._reset()
        with disk_errors(self.path):
            os.lseek(self._handle, 0, os.SEEK_SET)
            while piece := os.read(self._handle, _PIECE):
                self._grow(piece)

    def restart(self) -> None:
        """Discard the bytes written so far."""
        with self._writing, disk_errors(self.path):
            os.ftruncate(self._handle, 0)
            os.lseek(self._handle, 0, os.SEEK_SET)
            self._reset()

    def write(self, chunk: bytes) -> None:
        """Append a chunk, and update the hash and the first bytes."""
        view = memoryview(chunk)
        with self._writing, disk_errors(self.path):
            while view:
                view = view[os.write(self._handle, view) :]
            self._grow(chunk)

    def copy(self, path: Path) -> None:
        """Copy a file into this one."""
        self.restart()
        with disk_errors(path), path.open("rb") as file:
            while piece := file.read(_PIECE):
                self.write(piece)

    def tail(self, count: int) -> bytes:
        """Return the last `count` bytes."""
        with disk_errors(self.path):
            return read_at(self._handle, count, max(self.size - count, 0))

    def reading(self) -> BufferedReader:
        """Open the bytes written so far for reading."""
        with disk_errors(self.path):
            return self.path.open("rb")

    @property
    def status(self) -> os.stat_result:
        """The status of the file that is written, whatever has its name."""
        return os.fstat(self._handle)

    def link(self, path: Path) -> None:
        """Give the file this name as well, even if its own is taken away. Raises OSError."""
        if not os.path.samestat(self.path.lstat(), self.status):
            raise exchanged_error(self.path)
        try:
            inside = f"/proc/self/fd/{self._handle}"
            os.link(inside, path, src_dir_fd=self._handle, follow_symlinks=True)
        except (FileNotFoundError, NotImplementedError):  # not on Linux, or without /proc
            os.link(self.path, path)

    def copy_to(self, handle: int) -> None:
        """Copy the bytes into another open file, and flush them. Raises OSError."""
        offset = 0
        while piece := read_at(self._handle, _PIECE, offset):
            view = memoryview(piece)
            while view:
                view = view[os.write(handle, view) :]
            offset += len(piece)
        os.fsync(handle)

    def settle(self) -> None:
        """Flush the bytes to disk."""
        with self._writing, disk_errors(self.path):
            os.fsync(self._handle)

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def _grow(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
        if len(self.head) < types.HEAD:
            self.head += chunk[: types.HEAD - len(self.head)]


def exchanged_error(path: Path) -> StorageRefused:
    """Return the error for a file that another process has put in the place of ours."""
    return StorageRefused(
        f"another process has replaced {path} while it was being saved",
        "choose a directory that only you can write, with --output",
    )


def stale_parts(directory: Path) -> list[Path]:
    """List part files and probes that no later run would resume."""
    with suppress(OSError):
        return [path for path in directory.iterdir() if _STRAY.fullmatch(path.name)]
    return []


def remove_stale_part(path: Path) -> None:
    """Remove a part file that a killed run left; one that another process writes is kept."""
    if not (path.name.startswith(".piooy-") and path.suffix in (".part", ".probe")):
        return
    _unlink_if(path, lambda one, handle: _is_ours(one, handle) or _is_published(one, handle))


def _claimed(path: Path) -> int | None:
    """Open and lock a part file, new or left by a killed run; None if it cannot be ours."""
    _unlink_if(path, _is_published)  # killed just after: the file stays under its other name
    try:
        handle = os.open(path, _FLAGS | os.O_CREAT, 0o666)
    except OSError as error:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            return None
        raise error from None
    if _locked(handle) and _is_ours(path, handle):
        return handle
    os.close(handle)
    return None


def _unlink_if(path: Path, applies: Callable[[Path, int], bool]) -> None:
    """Remove the file if `applies`, and no other process has it."""
    with suppress(OSError):
        handle = os.open(path, _FLAGS)
        try:
            if _locked(handle) and applies(path, handle):
                path.unlink()
        finally:
            os.close(handle)


def _locked(handle: int) -> bool:
    """Whether this process alone has the file. Without locks, only a new file is surely ours."""
    try:
        return lock(handle)
    except OSError:
        return os.fstat(handle).st_size == 0


def _is_ours(path: Path, handle: int) -> bool:
    """Whether it is a regular file of this user, with no other name, and still at this path."""
    known = os.fstat(handle)
    plain = stat.S_ISREG(known.st_mode) and known.st_nlink == 1
    mine = known.st_uid == os.geteuid() if hasattr(os, "geteuid") else True
    with suppress(OSError):
        return plain and mine and os.path.samestat(known, os.lstat(path))
    return False


def _is_published(path: Path, handle: int) -> bool:
    """Whether the part file was published, and only its old name was left."""
    known = os.fstat(handle)
    twice = stat.S_ISREG(known.st_mode) and known.st_nlink > 1
    return twice and os.path.samestat(known, path.lstat())
