"""Questions to the ledger: lists, one order whole, a person's decision, and forgetting."""

import sqlite3
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from piooy_cli.errors import UsageError
from piooy_cli.ledger import Ledger, rows
from piooy_cli.ledger.schema import has_search
from piooy_cli.models import FAILED, SUCCEEDED, SavedFile, Task

_UNSAVED = (
    "exists (select 1 from assets where order_id = orders.id and role = 'result' and path is null)"
)


class Filters(NamedTuple):
    """What a list is to hold; `since` in seconds before now."""

    status: str | None = None
    model: str | None = None
    media: str | None = None
    since: float | None = None
    search: str | None = None
    unsaved: bool = False
    unknown: bool = False
    limit: int | None = None


def listed(ledger: Ledger, filters: Filters) -> Iterator[Task]:
    """Orders, newest first."""
    where, values = _conditions(ledger, filters)
    query = f"select * from orders where {' and '.join(where)} order by id desc"
    if filters.limit:
        query += " limit ?"
        values.append(filters.limit)
    for row in ledger.read(query, *values):
        yield rows.task_of(row, ledger.assets_of(row["id"]))


def whole(ledger: Ledger, row: sqlite3.Row) -> tuple[Task, list[SavedFile], dict[str, Any]]:
    """An order with its files, attempts and decisions."""
    assets = ledger.assets_of(row["id"])
    task = rows.task_of(row, assets)
    more: dict[str, Any] = {"row": row["id"], "state": row["state"], "digest": row["digest"]}
    for table in ("attempts", "decisions"):
        found = ledger.read(f"select * from {table} where order_id = ? order by id", row["id"])
        more[table] = [{k: one[k] for k in one.keys() if k != "order_id"} for one in found]  # noqa: SIM118
    return task, rows.files_of(task, assets), more


def decide(
    ledger: Ledger, row: sqlite3.Row, state: str, who: str, why: str, task_id: str | None
) -> None:
    """A person's word about an order in doubt: who, when and why stay with it."""
    if row["state"] != "UNKNOWN":
        raise UsageError(
            f"@row:{row['id']} is {row['state']}, not in doubt", "`piooy history --unknown` lists"
        )
    with ledger.change() as connection:
        connection.execute(
            "insert into decisions (order_id, at, who, what, why) values (?, ?, ?, ?, ?)",
            (row["id"], time.time(), who, state, why),
        )
        if task_id:
            connection.execute("update orders set task_id = ? where id = ?", (task_id, row["id"]))
        connection.execute("update orders set state = ? where id = ?", (state, row["id"]))


def prune(ledger: Ledger, before: float) -> int:
    """Forget what is over and older; what runs, or is in doubt, stays. Returns how many."""
    over = ", ".join(f"'{word}'" for word in sorted(SUCCEEDED | FAILED))
    settled = f"status in ({over}) or state in ('REFUSED', 'WRITTEN_OFF', 'PLANNED')"
    chosen = f"select id from orders where account = ? and created < ? and ({settled})"
    values = (ledger.account, before)
    with ledger.change() as connection:
        for table in ("attempts", "assets", "decisions"):
            connection.execute(f"delete from {table} where order_id in ({chosen})", values)
        return connection.execute(f"delete from orders where id in ({chosen})", values).rowcount


def _conditions(ledger: Ledger, filters: Filters) -> tuple[list[str], list[Any]]:
    values: list[Any]
    where, values = ["account = ?"], [ledger.account]
    if filters.status:
        unseen = "case when task_id is null then state else 'PENDING' end"
        where.append(f"upper(?) = upper(coalesce(status, {unseen}))")
        values.append(filters.status)
    for name in ("model", "media"):
        if value := getattr(filters, name):
            where.append(f"{name} = ?")
            values.append(value)
    if filters.since is not None:
        where.append("created >= ?")
        values.append(time.time() - filters.since)
    where += [_UNSAVED] if filters.unsaved else []
    where += ["state = 'UNKNOWN'"] if filters.unknown else []
    if filters.search:
        condition, words = _searched(ledger, filters.search)
        where.append(condition)
        values += words
    return where, values


def _searched(ledger: Ledger, text: str) -> tuple[str, list[str]]:
    """Every word, by its beginning; where there is no index, the text anywhere."""
    if has_search(ledger.connection):
        words = " ".join(f'"{word.replace(chr(34), "")}"*' for word in text.split())
        return "id in (select rowid from words where words match ?)", [words]
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    columns = ("prompt", "model", "task_id")
    return "(" + " or ".join(f"{c} like ? escape '\\'" for c in columns) + ")", [like] * len(
        columns
    )
