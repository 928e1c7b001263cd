"""Changing the tags of orders that are recorded already."""

import sqlite3
from collections.abc import Mapping, Sequence

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.tags import MOST_TAGS
from piooy_cli.ledger.records import TagChanges
from piooy_cli.ledger.sqlite.database import Database

_SET = (
    "insert into tags (order_id, name, value) values (?, ?, ?)"
    " on conflict do update set value = excluded.value where value <> excluded.value"
)
_REMOVE = "delete from tags where order_id = ? and name = ?"


def change_tags(db: Database, numbers: Sequence[int], changes: Mapping[str, str]) -> TagChanges:
    """Set tags of these orders, all or none; an empty value removes one. Raises UsageError."""
    changed = dict.fromkeys(changes, 0)
    with db.change() as connection:
        for number in numbers:
            for name, value in changes.items():
                changed[name] += _change(connection, number, name, value)
            _check_count(connection, number)
    return TagChanges(len(numbers), changed)


def _change(connection: sqlite3.Connection, number: int, name: str, value: str) -> int:
    if value:
        return connection.execute(_SET, (number, name, value)).rowcount
    return connection.execute(_REMOVE, (number, name)).rowcount


def _check_count(connection: sqlite3.Connection, number: int) -> None:
    query = "select count(*) from tags where order_id = ?"
    (count,) = connection.execute(query, (number,)).fetchone()
    if count > MOST_TAGS:
        raise UsageError(
            f"@row:{number} would have {count} tags; the limit is {MOST_TAGS}; nothing was changed",
            "remove a tag with an empty value: KEY=",
        )
