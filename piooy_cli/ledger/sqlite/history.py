"""Questions to the ledger: lists, one order whole, a person's decision, and forgetting."""

import sqlite3
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import FAILED, SUCCEEDED, SavedFile, Task
from piooy_cli.ledger.sqlite import mapping, process_id
from piooy_cli.ledger.sqlite.order_record import OrderRecord
from piooy_cli.ledger.sqlite.schema import has_search
from piooy_cli.ledger.sqlite.spending_limits import period_start
from piooy_cli.ledger.sqlite.store import COLUMNS, Ledger

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
    batch: str | None = None
    limit: int | None = None


def list_orders(ledger: Ledger, filters: Filters) -> Iterator[Task]:
    """Orders, newest first."""
    return (task for task, _ in list_orders_with_files(ledger, filters))


def list_orders_with_files(
    ledger: Ledger, filters: Filters
) -> Iterator[tuple[Task, list[SavedFile]]]:
    """Orders with their files on this disk, newest first."""
    where, values = _conditions(ledger, filters)
    query = f"select {COLUMNS} from orders where {' and '.join(where)} order by id desc"
    if filters.limit:
        query += " limit ?"
        values.append(filters.limit)
    for row in ledger.read(query, *values):
        assets = ledger.assets_of(row["id"])
        task = mapping.task_from_row(row, assets)
        yield task, mapping.files_from_rows(task, assets)


def order_details(ledger: Ledger, row: sqlite3.Row) -> tuple[Task, list[SavedFile], dict[str, Any]]:
    """An order with its files, attempts and decisions."""
    assets = ledger.assets_of(row["id"])
    task = mapping.task_from_row(row, assets)
    more: dict[str, Any] = {"row": row["id"], "state": row["state"], "digest": row["digest"]}
    for table in ("attempts", "decisions"):
        found = ledger.read(f"select * from {table} where order_id = ? order by id", row["id"])
        more[table] = [{k: one[k] for k in one.keys() if k != "order_id"} for one in found]  # noqa: SIM118
    return task, mapping.files_from_rows(task, assets), more


def resolve_order(
    ledger: Ledger, number: int, state: str, who: str, why: str, task_id: str | None
) -> None:
    """A person's word about an order in doubt: who, when and why stay with it.

    Raises UsageError where it is not in doubt, or the task is another order's.
    """
    _take_over(ledger, number)
    with ledger.change() as connection:
        now = connection.execute("select state from orders where id = ?", (number,)).fetchone()[0]
        if now != "UNKNOWN":
            hint = Hint("history", ("--unknown",), "to list those that are: {}")
            raise UsageError(f"@row:{number} is {now}, not in doubt", hint)
        connection.execute(
            "insert into decisions (order_id, at, who, what, why) values (?, ?, ?, ?, ?)",
            (number, time.time(), who, state, why),
        )
        if task_id:
            _move_adopted(connection, number, task_id)
            connection.execute("update orders set task_id = ? where id = ?", (task_id, number))
        connection.execute("update orders set state = ? where id = ?", (state, number))


def _take_over(ledger: Ledger, number: int) -> None:
    """An order that another machine was sending: nobody here can ask, so a person's word counts."""
    (row,) = ledger.read("select state, owner from orders where id = ?", number)
    if row["state"] == "SENDING" and process_id.is_elsewhere(row["owner"] or ""):
        OrderRecord(ledger.change, number).unknown("its machine is not this one", None)


def _move_adopted(connection: sqlite3.Connection, number: int, task_id: str) -> None:
    """A task that was looked at before it was known whose it is: its row becomes this order's."""
    query = "select id, status, settled, digest from orders where task_id = ? and id <> ?"
    other = connection.execute(query, (task_id, number)).fetchone()
    if other is None:
        return
    if other[3] is not None:
        raise UsageError(
            f"task {task_id} is another order's", Hint("history show", (task_id,), "to show it: {}")
        )
    connection.execute("update assets set order_id = ? where order_id = ?", (number, other[0]))
    connection.execute("delete from orders where id = ?", (other[0],))
    connection.execute(
        "update orders set status = ?, settled = ? where id = ?", (other[1], other[2], number)
    )


def prune_orders(ledger: Ledger, before: float) -> int:
    """Forget what is over and older; what runs, or is in doubt, stays. Returns how many.

    Of a batch's row only its words are forgotten: that it was sent keeps it from being paid again.
    """
    over = ", ".join(f"'{word}'" for word in sorted(SUCCEEDED | FAILED))
    settled = f"status in ({over}) or state in ('REFUSED', 'WRITTEN_OFF')"
    # A planned order may be about to leave; a success that was never saved is paid for.
    settled += f" or (state = 'PLANNED' and created < {time.time() - 86_400})"
    chosen = (
        "select id from orders where account = ? and created < ?"
        f" and ({settled}) and not {_UNSAVED}"
    )
    if ledger.caps.most:  # what they count has to be remembered
        before = min(before, period_start("month"))
    values = (ledger.account, before)
    words = "prompt = null, options = null, body = null, failure_message = null"
    with ledger.change() as connection:
        forgotten = connection.execute(
            f"update orders set {words} where id in ({chosen}) and batch is not null"
            " and coalesce(prompt, options, body, failure_message) is not null",
            values,
        ).rowcount
        chosen += " and batch is null"
        for table in ("attempts", "assets", "decisions"):
            connection.execute(f"delete from {table} where order_id in ({chosen})", values)
        gone = connection.execute(f"delete from orders where id in ({chosen})", values).rowcount
        return forgotten + gone


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
    if filters.batch:
        where.append("batch = ?")
        values.append(batch_named(ledger, filters.batch))
    if filters.since is not None:
        where.append("created >= ?")
        values.append(time.time() - filters.since)
    where += [_UNSAVED] if filters.unsaved else []
    if filters.unknown:
        where.append("(state = 'UNKNOWN' or (state = 'SENDING' and owner not like ?))")
        values.append(f"{process_id.this_machine()}:%")
    if filters.search and filters.search.split():
        condition, words = _searched(ledger, filters.search)
        where.append(condition)
        values += words
    return where, values


def batch_named(ledger: Ledger, name: str) -> str:
    """The batch of this name, or the only one that begins so. Raises UsageError for one of two."""
    query = "select distinct batch from orders where account = ? and batch >= ? and batch < ?"
    found = [row["batch"] for row in ledger.read(query, ledger.account, name, f"{name}\U0010ffff")]
    if name in found or not found:
        return name
    if len(found) > 1:
        raise UsageError(f"{name} could be {' or '.join(sorted(found)[:2])}", "give more of it")
    return str(found[0])


def _searched(ledger: Ledger, text: str) -> tuple[str, list[str]]:
    """Every word, by its beginning; where there is no index, the text anywhere."""
    if has_search(ledger.connection):
        words = " ".join(f'"{word.replace(chr(34), "")}"*' for word in text.split())
        found = "id in (select rowid from words where words match ?)"
        return f"({found} or (task_id >= ? and task_id < ?))", [words, text, f"{text}\U0010ffff"]
    like = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    columns = ("prompt", "model", "task_id")
    return "(" + " or ".join(f"{c} like ? escape '\\'" for c in columns) + ")", [like] * len(
        columns
    )
