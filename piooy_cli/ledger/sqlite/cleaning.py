"""Removing a key from ledgers that an older version wrote, once for each key."""

import binascii
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from piooy_cli.domain.redaction import redact

# What a service said, or named; prompts and options are the user's own.
_COLUMNS = (
    ("attempts", "reason"),
    ("orders", "failure_code"),
    ("orders", "failure_message"),
    ("assets", "url"),
    ("assets", "etag"),
)


def is_clean_of(connection: sqlite3.Connection, secret: str) -> bool:
    """Whether this ledger was cleaned of a key before."""
    try:
        query = "select 1 from cleaned where key_check = ?"
        return connection.execute(query, (_check(secret),)).fetchone() is not None
    except sqlite3.OperationalError:  # there is no such table yet
        return False


def clean_of(connection: sqlite3.Connection, secret: str) -> None:
    """Remove a key from everything that services have said, inside a transaction."""
    connection.execute("pragma secure_delete = on")  # nothing of it stays in free pages
    columns = {(table, column) for table, column in _COLUMNS if _has(connection, table, column)}
    for table, column in columns:
        for number, text in list(_texts(connection, table, column)):
            if (clean := redact(text, [secret])) != text:
                change = f"update {table} set {column} = ? where rowid = ?"
                connection.execute(change, (clean, number))
    connection.execute("create table if not exists cleaned (key_check integer primary key) strict")
    connection.execute("insert or ignore into cleaned values (?)", (_check(secret),))


def clean_copies(path: Path, secret: str) -> None:
    """Do the same in the copies that migrations have left beside a ledger."""
    for copy in path.parent.glob(f"{path.name}.v*"):
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.execute("begin immediate")
            clean_of(connection, secret)
            connection.execute("commit")


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    found = connection.execute(f"pragma table_info({table})")
    return any(name == column for _, name, *_ in found)


def _texts(connection: sqlite3.Connection, table: str, column: str) -> Iterator[tuple[int, str]]:
    query = f"select rowid, {column} from {table} where {column} is not null"
    yield from connection.execute(query)


def _check(secret: str) -> int:
    """Return a number that tells keys apart, and from which none can be computed."""
    return binascii.crc32(secret.encode())
