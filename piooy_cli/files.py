"""Files of this machine: paths as users write them, whole replacement, locks and disk errors."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from piooy_cli.domain.errors import PiooyError, StorageRefused, UsageError

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
BINARY = getattr(os, "O_BINARY", 0)
_FAR = 1 << 40  # Windows locks bytes: use one that no file has, so that it can be read and written
_HELD_BY_ANOTHER = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


def expanded(text: str | Path) -> Path:
    """`text` with its `~` resolved. Raises UsageError where that cannot be done."""
    if "\0" in str(text):
        raise UsageError(f"{str(text)[:80]!r} contains a NUL character")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{str(text)[:80]!r}: no such user", "for a file of that name: ./~name"
        ) from None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    import hashlib  # brings OpenSSL along: 2 ms that most runs do not need

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_small(path: Path, most: int) -> bytes:
    """Read at most `most` bytes of a file, without waiting for one that is not regular.

    What the shell hands over (`<(command)`, /dev/stdin) is read to its end. Raises OSError.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | BINARY)
    with os.fdopen(handle, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            if not str(path).startswith(("/dev/", "/proc/self/fd/")):
                raise OSError(errno.EINVAL, "is not a regular file")
            os.set_blocking(handle, True)
        content = b""
        while len(content) < most and (piece := file.read(most - len(content))):
            content += piece
        return content


def read_at(handle: int, count: int, offset: int) -> bytes:
    """Read from an open file at an offset. On Windows the file's position moves."""
    if hasattr(os, "pread"):
        return os.pread(handle, count, offset)
    os.lseek(handle, offset, os.SEEK_SET)
    return os.read(handle, count)


def private_directory(path: Path) -> Path:
    """Make `path`, for this user alone. Raises StorageRefused."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageRefused(
            f"cannot make the directory {path}: {error.strerror}; nothing was sent",
            "set PIOOY_STATE_DIR (or PIOOY_CONFIG_DIR) to a directory that you can write",
        ) from None
    return path


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Replace `path` by what `write` puts into a new file beside it; whole, or not at all.

    Whoever reads `path` sees the old content or the new. Raises OSError.
    """
    from secrets import token_hex  # most runs replace no file

    beside = path.with_name(f".piooy-{token_hex(4)}.new")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_stream(path: Path, data: bytes) -> None:
    """Write to a pipe or a device, without waiting for a reader. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | BINARY)
    with os.fdopen(handle, "wb", buffering=0) as file:
        os.set_blocking(handle, True)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that only this user can read. Raises StorageRefused.

    If `path` is a link, as in a collection of dotfiles, the file behind it is replaced.
    """
    path = Path(os.path.realpath(path))

    def write(beside: Path) -> None:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)

    private_directory(path.parent)
    try:
        replace_file(path, write)
    except OSError as error:
        raise StorageRefused(f"cannot write {path}: {error.strerror}") from None


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


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an error of the disk into StorageRefused that names `path`."""
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error


def disk_error(path: Path, error: OSError) -> PiooyError:
    """Return the disk's error with the way out."""
    why = error.strerror or str(error)
    return StorageRefused(f"{path}: {why}", "make room or choose another place with --output")
