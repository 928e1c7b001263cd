"""The file of a row store: how it is opened, and what SQLite or the disk refuses."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from piooy_cli.domain.errors import StorageRefused
from piooy_cli.files.ownership import check_owner

_CACHE_KIB = 24 << 10


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what SQLite or the disk refuses into StorageRefused."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageRefused(
            f"{path}: {error}", "make room, or set PIOOY_STATE_DIR to another place"
        ) from error


def opened(path: Path) -> sqlite3.Connection:
    """Open the file of a row store. Raises UsageError if other users can change it."""
    check_owner(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    # A crash of the machine may spoil it: it is made anew then. One of the process cannot.
    connection.execute("pragma synchronous = off")
    connection.execute("pragma journal_mode = persist")  # not made and removed for each mark
    connection.execute(f"pragma cache_size = -{_CACHE_KIB}")
    connection.execute("pragma temp_store = file")
    return connection
