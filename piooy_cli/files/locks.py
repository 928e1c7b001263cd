"""Locks on files, which the system releases when their holder dies."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from piooy_cli.files.errors import disk_errors
from piooy_cli.files.writing import NO_FOLLOW, private_directory

_FAR = 1 << 40  # Windows locks bytes: use one that no file has, so that it can be read and written
_HELD_BY_ANOTHER = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


def lock(handle: int, *, wait: bool = False) -> bool:
    """Lock an open file until it is closed; return False where another process has it.

    Raises OSError where the file system has no locks.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(handle)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        if error.errno in _HELD_BY_ANOTHER:
            return False
        raise
    return True


def unlock(handle: int) -> None:
    """Give up the lock of an open file. Raises OSError."""
    try:
        import fcntl
    except ImportError:
        return _unlock_on_windows(handle)
    fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock for changing `path`, as a file beside it. Without locks, nothing is held."""
    private_directory(path.parent)
    beside = path.with_name(f".{path.name}.lock")
    with disk_errors(beside):
        handle = os.open(beside, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o600)
    try:
        with suppress(OSError):
            lock(handle, wait=True)
        yield
    finally:
        os.close(handle)


def _lock_on_windows(handle: int) -> bool:
    try:
        import msvcrt
    except ImportError:
        raise OSError(errno.ENOTSUP, "this system has no file locks") from None
    try:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


def _unlock_on_windows(handle: int) -> None:
    try:
        import msvcrt
    except ImportError:
        return
    os.lseek(handle, _FAR, os.SEEK_SET)
    msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]
