"""Reading files: paths as users write them, small files, digests."""

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from piooy_cli.domain.errors import UsageError
from piooy_cli.files.ownership import check_owner

BINARY = getattr(os, "O_BINARY", 0)
NO_WAITING = getattr(os, "O_NONBLOCK", 0)


def expanded(text: str | Path) -> Path:
    """Return `text` as a path with its `~` resolved. Raises UsageError if that is impossible."""
    if "\0" in str(text):
        raise UsageError(f"{str(text)[:80]!r} contains a NUL character")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{str(text)[:80]!r}: no such user", "for a file of that name: ./~name"
        ) from None


def is_handed_over(path: Path) -> bool:
    """Whether the shell hands this file over, as in `<(command)` and /dev/stdout."""
    return str(path).startswith(("/dev/", "/proc/self/fd/"))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    import hashlib  # brings OpenSSL along: 2 ms that most runs do not need

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_small(path: Path, most: int) -> bytes:
    """Read at most `most` bytes of a file, without waiting for one that is not regular.

    What the shell hands over is read to its end. Raises OSError, or UsageError if other users can
    change the file: what it says is believed.
    """
    handle = os.open(path, os.O_RDONLY | NO_WAITING | BINARY)
    with os.fdopen(handle, "rb", buffering=0) as file:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            check_owner(path, os.fstat(handle))
        elif is_handed_over(path):
            os.set_blocking(handle, True)
        else:
            raise _not_regular()
        return _start_of(file, most)


def read_foreign(path: Path, most: int) -> bytes:
    """Read at most `most` bytes of a regular file, whoever may have written it. Raises OSError.

    For what is checked as input from outside, not believed as the user's own words.
    """
    handle = os.open(path, os.O_RDONLY | NO_WAITING | BINARY)
    with os.fdopen(handle, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _not_regular()
        return _start_of(file, most)


def _start_of(file: FileIO, most: int) -> bytes:
    content = b""
    while len(content) < most and (piece := file.read(most - len(content))):
        content += piece
    return content


def _not_regular() -> OSError:
    return OSError(errno.EINVAL, "is not a regular file")


def read_at(handle: int, count: int, offset: int) -> bytes:
    """Read from an open file at an offset. On Windows the file's position moves."""
    if hasattr(os, "pread"):
        return os.pread(handle, count, offset)
    os.lseek(handle, offset, os.SEEK_SET)
    return os.read(handle, count)
