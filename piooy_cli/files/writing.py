"""Writing files: under names that nobody can guess, replaced as a whole, through no link."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from piooy_cli.domain.errors import StorageRefused, UsageError
from piooy_cli.files.errors import disk_errors
from piooy_cli.files.ownership import is_own
from piooy_cli.files.reading import BINARY, NO_WAITING, is_handed_over

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_CLOSED = getattr(os, "O_CLOEXEC", 0)  # in other programs
_NEW = os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY | _CLOSED
_ENDS = re.compile(r"[0-9a-f]{16}\.new|[0-9]+")
_HAS_DIRECTORIES = os.open in os.supports_dir_fd


def private_directory(path: Path) -> Path:
    """Make `path` and its missing parents, for this user alone. Raises StorageRefused."""
    try:
        missing = [one for one in (path, *path.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
        if not missing and not path.is_dir():
            path.mkdir()  # says what is in the way
    except OSError as error:
        raise StorageRefused(
            f"cannot make the directory {path}: {error.strerror}; nothing was sent",
            "set PIOOY_STATE_DIR (or PIOOY_CONFIG_DIR) to a directory that you can write",
        ) from None
    return path


def create_file(path: Path, mode: int = 0o666, flags: int = os.O_WRONLY) -> int:
    """Create a file that does not exist, and return its handle. Raises OSError."""
    return os.open(path, flags | _NEW, mode)


@contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """Write a new file that replaces `path` at the end; whole, or not at all. Raises OSError.

    Whoever reads `path` sees the old content or the new. If it is a link of this user, the file
    behind it is replaced.
    """
    path = _behind_own_link(path)
    with _directory_of(path) as directory:
        name = _temporary_name(path)
        handle = _opened(path.parent / name, name, mode, directory)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(handle)
            _renamed(path, name, directory)
        except BaseException:
            _removed(path.parent / name, name, directory)
            raise


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that only this user can read. Raises StorageRefused."""
    private_directory(path.parent)
    try:
        with replacing(path, 0o600) as file:
            file.write(text.encode("utf-8"))
    except OSError as error:
        raise StorageRefused(f"cannot write {path}: {error.strerror}") from None


def write_new(path: Path, text: str) -> None:
    """Write a file that did not exist. Raises OSError."""
    with os.fdopen(create_file(path), "wb") as file:
        file.write(text.encode("utf-8"))


def open_append(path: Path, mode: int = 0o600) -> int:
    """Open a file for adding lines, and reading them, or a pipe or a device as it is.

    A link, and a file of another user, is refused with UsageError. Raises OSError.
    """
    if is_handed_over(path):
        return os.open(path, os.O_WRONLY | os.O_APPEND | _CLOSED)
    with disk_errors(path):
        if path.is_symlink():
            raise UsageError(f"{path} is a link", "name the file itself")
        regular = path.is_file() or not path.exists()
        access = os.O_RDWR | os.O_CREAT if regular else os.O_WRONLY
        flags = access | os.O_APPEND | NO_FOLLOW | NO_WAITING | BINARY | _CLOSED
        handle = os.open(path, flags, mode)
    known = os.fstat(handle)
    if stat.S_ISREG(known.st_mode) and not is_own(known):
        os.close(handle)
        raise UsageError(f"{path} belongs to another user", "choose another name")
    os.set_blocking(handle, True)
    return handle


def write_stream(path: Path, data: bytes) -> None:
    """Write to a pipe or a device, without waiting for a reader. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | NO_WAITING | BINARY)
    with os.fdopen(handle, "wb", buffering=0) as file:
        os.set_blocking(handle, True)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]


def strays_of(path: Path) -> list[Path]:
    """Return the drafts of `path` that killed runs have left, also of older versions."""
    begins = f".{path.name}."
    with suppress(OSError):
        return [
            one
            for one in path.parent.glob(f"{begins}*")
            if _ENDS.fullmatch(one.name.removeprefix(begins))
        ]
    return []


def _temporary_name(path: Path) -> str:
    from secrets import token_hex  # most runs replace no file

    return f".{path.name[:100]}.{token_hex(8)}.new"


def _behind_own_link(path: Path) -> Path:
    """Return the file that a link leads to. Raises UsageError for a link of another user."""
    if not path.is_symlink():
        return path
    if not is_own(path.lstat()):
        raise UsageError(f"{path} is a link of another user", "choose another name")
    return Path(os.path.realpath(path))


@contextmanager
def _directory_of(path: Path) -> Iterator[int | None]:
    """Open the directory, so that it cannot be exchanged meanwhile. Not every system can."""
    if not _HAS_DIRECTORIES:
        yield None
        return
    handle = os.open(path.parent, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOSED)
    try:
        yield handle
    finally:
        os.close(handle)


def _opened(path: Path, name: str, mode: int, directory: int | None) -> int:
    if directory is None:
        return create_file(path, mode, os.O_RDWR)
    return os.open(name, os.O_RDWR | _NEW, mode, dir_fd=directory)


def _renamed(path: Path, name: str, directory: int | None) -> None:
    if directory is None:
        (path.parent / name).replace(path)
        return
    os.replace(name, path.name, src_dir_fd=directory, dst_dir_fd=directory)
    with suppress(OSError):
        os.fsync(directory)


def _removed(path: Path, name: str, directory: int | None) -> None:
    with suppress(OSError):
        if directory is None:
            path.unlink()
        else:
            os.unlink(name, dir_fd=directory)
