"""Turning the filters of a list into SQL conditions."""

import time
from typing import TYPE_CHECKING, Any

from piooy_cli.domain.errors import UsageError
from piooy_cli.ledger.records import OrderFilters
from piooy_cli.ledger.sqlite import process_id
from piooy_cli.ledger.sqlite.database import Database
from piooy_cli.ledger.sqlite.schema import has_search

if TYPE_CHECKING:
    from piooy_cli.domain.tags import TagFilter

UNSAVED = (
    "exists (select 1 from assets where order_id = orders.id and role = 'result' and path is null)"
)

# The words of `Delivery.to_dict` in JSON; inside a text, these quotes would be escaped.
SHORT = (
    "exists (select 1 from assets where order_id = orders.id"
    " and instr(delivered, '\"as_ordered\":false'))"
)


def conditions(database: Database, filters: OrderFilters) -> tuple[list[str], list[Any]]:
    """Return conditions to join with `and`, and the values of their placeholders."""
    values: list[Any]
    where, values = ["account = ?"], [database.account]
    if filters.status:
        unseen = "case when task_id is null then state else 'PENDING' end"
        where.append(f"upper(?) = upper(coalesce(status, {unseen}))")
        values.append(filters.status)
    for name in ("model", "media"):
        if value := getattr(filters, name):
            where.append(f"{name} = ?")
            values.append(value)
    if filters.batch:
        where.append("batch = ?")
        values.append(batch_named(database, filters.batch))
    for tag in filters.tags:
        condition, given = tagged(tag)
        where.append(condition)
        values += given
    if filters.since is not None:
        where.append("created >= ?")
        values.append(time.time() - filters.since)
    where += [UNSAVED] if filters.unsaved else []
    where += [SHORT] if filters.short else []
    if filters.unknown:
        where.append("(state = 'UNKNOWN' or (state = 'SENDING' and owner not like ?))")
        values.append(f"{process_id.this_machine()}:%")
    if filters.search and filters.search.split():
        condition, words = _search(database, filters.search)
        where.append(condition)
        values += words
    return where, values


def tagged(tag: "TagFilter") -> tuple[str, list[str]]:
    """Return a condition for the orders with a tag, and the values of its placeholders."""
    name, value = tag
    of_value, values = (" and value = ?", [value]) if value is not None else ("", [])
    return f"id in (select order_id from tags where name = ?{of_value})", [name, *values]


def batch_named(database: Database, name: str) -> str:
    """Return the batch of this name or prefix. Raises UsageError if it is ambiguous."""
    query = "select distinct batch from orders where account = ? and batch >= ? and batch < ?"
    rows = database.read(query, database.account, name, f"{name}\U0010ffff")
    found = sorted(row["batch"] for row in rows)
    if name in found or not found:
        return name
    if len(found) > 1:
        raise UsageError(
            f"{name} is ambiguous: matches {', '.join(found[:2])}", "type more characters"
        )
    return str(found[0])


def _search(database: Database, text: str) -> tuple[str, list[str]]:
    """Return a condition that matches every word by its prefix, or by LIKE without an index."""
    if has_search(database.connection):
        words = " ".join(f'"{word.replace(chr(34), "")}"*' for word in text.split())
        found = "id in (select rowid from words where words match ?)"
        return f"({found} or (task_id >= ? and task_id < ?))", [words, text, f"{text}\U0010ffff"]
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    columns = ("prompt", "model", "task_id")
    condition = " or ".join(f"{column} like ? escape '\\'" for column in columns)
    return f"({condition})", [like] * len(columns)
