"""Paths as a person writes them, and what is behind them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.domain.errors import PiooyError, StorageRefused, UsageError

if TYPE_CHECKING:
    pass


def expanded(text: str | Path) -> Path:
    """`text` with its `~` resolved. Raises UsageError where that cannot be."""
    if "\0" in str(text):
        raise UsageError(f"{str(text)[:80]!r} has a NUL in it")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{str(text)[:80]!r}: no such user", "./~name is a file of that name"
        ) from None


def sha256_of(path: Path) -> str:
    """Of a file on disk, in hexadecimal."""
    import hashlib  # brings OpenSSL along: 2 ms that most runs do not need

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def private_directory(path: Path) -> Path:
    """Make `path`, for this user alone. Raises StorageRefused."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageRefused(f"cannot make the directory {path}: {error.strerror}") from None
    return path


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that only this user can read; whole, or not at all."""
    private_directory(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise StorageRefused(f"cannot write {path}: {error.strerror}") from None


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk says into StorageRefused, naming the place."""
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error


def disk_error(path: Path, error: OSError) -> PiooyError:
    """The disk's refusal, with the way out."""
    why = error.strerror or str(error)
    return StorageRefused(f"{path}: {why}", "make room or choose another place with --output")
