"""Orders and their tasks: planned, found, observed."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Any

from piooy_cli.domain.inputs import OrderInput
from piooy_cli.domain.models import Order, OrderState, RowKey, Task
from piooy_cli.ledger.sqlite import lineage
from piooy_cli.ledger.sqlite.database import COLUMNS, Database
from piooy_cli.ledger.sqlite.order_record import SqliteOrderRecord

_RUNS = 30  # older runs may be of other machines behind the service


class Orders(Database):
    """The part of the store that records orders and tasks."""

    def plan(
        self,
        order: Order,
        body: bytes,
        row: RowKey | None = None,
        inputs: Sequence[OrderInput] = (),
    ) -> SqliteOrderRecord:
        """Return the record of an order; it is written just before it is sent."""
        fields = _fields(order, self.keeps_prompts) | {
            "body": body if self.keeps_prompts else None,
            "digest": hashlib.sha256(body).hexdigest(),
        }
        number = 0

        def planned(connection: sqlite3.Connection) -> int:
            nonlocal number
            self.spending.admit(connection, self.account, order.model, row and row.batch)
            number = self._planned(connection, fields, row, number)
            if row or inputs:
                lineage.record_inputs(connection, number, inputs)
            if row or order.tags:
                _record_tags(connection, number, order.tags)
            return number

        return SqliteOrderRecord(self.commits.deferred, plan=planned, commits=self.commits)

    def _planned(
        self,
        connection: sqlite3.Connection,
        fields: dict[str, Any],
        row: RowKey | None,
        number: int,
    ) -> int:
        """Return the order's number, that of an unsent order of the same row if there is one."""
        if row:
            fields = fields | {
                "batch": row.batch, "row": row.row, "asked": row.spec, "turn": row.attempt,
            }  # fmt: skip
            query = "select id from orders where account = ? and batch = ? and row = ? and turn = ?"
            values = (self.account, row.batch, row.row, row.attempt)
            (number,) = connection.execute(query, values).fetchone() or (number,)
        known = connection.execute("select state from orders where id = ?", (number,)).fetchone()
        if not known:
            return self._insert(connection, OrderState.PLANNED, fields)
        if known[0] == OrderState.PLANNED:
            names = ", ".join(f"{name} = ?" for name in fields)
            connection.execute(
                f"update orders set {names} where id = ?", (*fields.values(), number)
            )
        return number

    def find(self, task_id: str) -> Task | None:
        """Return what is known about a task."""
        found = self.read(f"select {COLUMNS} from orders where task_id = ?", task_id)
        return self.task_of(found[0]) if found else None

    def durations(self, task: Task) -> list[float]:
        """Return the seconds of the last runs of the same model, scene, size and provider."""
        query = (
            "select took from orders where account = ? and model is ? and scene is ? and size = ?"
            f" and provider is ? and took is not null order by id desc limit {_RUNS}"
        )
        found = self.read(query, self.account, task.model, task.scene, task.size, task.provider)
        return [row["took"] for row in found]

    def observe(self, task: Task) -> None:
        """Record a task's status; a new task is added, and a final status never changes."""
        if not _is_news(self.find(task.id), task):
            return
        with self.commits.deferred() as connection:
            number = self._number_of(connection, task)
            _write_status(connection, number, task)
            for asset in task.assets:
                connection.execute(
                    "insert into assets (order_id, n, url, kind, role) values (?, ?, ?, ?, ?)"
                    " on conflict do update set url = excluded.url",
                    (number, asset.n, asset.url, str(asset.kind), str(asset.role)),
                )

    def _number_of(self, connection: sqlite3.Connection, task: Task) -> int:
        found = connection.execute("select id from orders where task_id = ?", (task.id,)).fetchone()
        if found:
            return int(found[0])
        fields = _fields(task, self.keeps_prompts) | {"task_id": task.id}
        return self._insert(connection, OrderState.SUBMITTED, fields)

    def _insert(
        self, connection: sqlite3.Connection, state: OrderState, fields: dict[str, Any]
    ) -> int:
        values = {"account": self.account, "state": str(state), "created": time.time(), **fields}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        statement = f"insert into orders ({names}) values ({marks})"
        number = connection.execute(statement, tuple(values.values())).lastrowid
        assert number is not None
        return number


def _fields(about: Order | Task, keeps_prompts: bool) -> dict[str, str | None]:
    """Return the columns that describe an order."""
    known = {
        "media": str(about.media) if about.media else None,
        "scene": about.scene,
        "provider": about.provider,
        "model": about.model,
        "size": about.size,
    }
    if not keeps_prompts:
        return known
    options = None if about.options is None else json.dumps(dict(about.options))
    return known | {"prompt": about.prompt, "options": options}


def _record_tags(connection: sqlite3.Connection, number: int, tags: Mapping[str, str]) -> None:
    """Record the tags of an order; a row that was planned before may have had others."""
    connection.execute("delete from tags where order_id = ?", (number,))
    connection.executemany(
        "insert into tags (order_id, name, value) values (?, ?, ?)",
        [(number, name, value) for name, value in tags.items()],
    )


def _write_status(connection: sqlite3.Connection, number: int, task: Task) -> None:
    code, message = task.failure or (None, None)
    connection.execute(
        "update orders set status = ?, settled = coalesce(settled, ?), took = coalesce(took, ?),"
        " failure_code = ?, failure_message = ?, media = coalesce(media, ?),"
        " model = coalesce(model, ?), provider = coalesce(provider, ?) where id = ?",
        (
            task.status,
            time.time() if task.is_settled else None,
            task.took if task.succeeded else None,
            code,
            message and message[:2000],
            task.media,
            task.model,
            task.provider,
            number,
        ),
    )


def _is_news(known: Task | None, task: Task) -> bool:
    if known is None:
        return True
    if known.is_settled:
        return known.succeeded and task.succeeded and known.assets != task.assets
    return known.status != task.status
