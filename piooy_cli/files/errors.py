"""Errors of the disk, with the path and the way out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from piooy_cli.domain.errors import PiooyError, StorageRefused


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
