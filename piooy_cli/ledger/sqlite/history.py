"""The ledger's side of `piooy history`: lists, details, decisions, deletion."""

import sqlite3
import time
from collections.abc import Iterator
from typing import Any

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import FAILED, SUCCEEDED, OrderState
from piooy_cli.ledger.records import OrderDetails, OrderFilters, StoredOrder
from piooy_cli.ledger.sqlite import process_id
from piooy_cli.ledger.sqlite.database import COLUMNS, files_from_rows, task_from_row
from piooy_cli.ledger.sqlite.filters import UNSAVED, conditions
from piooy_cli.ledger.sqlite.lineage import Lineage
from piooy_cli.ledger.sqlite.order_record import SqliteOrderRecord
from piooy_cli.ledger.sqlite.spending_limits import period_start

_PAGE = 500
_TAGGED = "exists (select 1 from tags where order_id = orders.id)"


class History(Lineage):
    """The part of the store that serves `piooy history`."""

    def list_orders(self, filters: OrderFilters) -> Iterator[StoredOrder]:
        """Yield orders with their files on this disk, newest first."""
        where, values = conditions(self, filters)
        query = f"select {COLUMNS} from orders where {' and '.join(where)} order by id desc"
        if filters.limit:
            query += " limit ?"
            values.append(filters.limit)
        rows = self.read(query, *values)
        for start in range(0, len(rows), _PAGE):
            page = rows[start : start + _PAGE]
            numbers = [row["id"] for row in page]
            assets, tags = self.assets_by_order(numbers), self.tags_by_order(numbers)
            for row in page:
                task = task_from_row(row, assets[row["id"]], tags[row["id"]])
                yield StoredOrder(task, files_from_rows(task, assets[row["id"]]))

    def all_orders(self) -> Iterator[OrderDetails]:
        """Yield every order of the account, oldest first."""
        query = f"select {COLUMNS} from orders where account = ? order by id"
        return map(self.details, self.read(query, self.account))

    def details(self, row: sqlite3.Row) -> OrderDetails:
        """Return an order with its files, attempts and decisions."""
        number = row["id"]
        assets = self.assets_of(number)
        task = task_from_row(row, assets, self.tags_by_order([number])[number])
        return OrderDetails(
            number,
            OrderState(row["state"]),
            row["digest"],
            task,
            files_from_rows(task, assets),
            self._records_of("attempts", number),
            self._records_of("decisions", number),
            self.inputs_of(f"@row:{number}"),
        )

    def _records_of(self, table: str, number: int) -> list[dict[str, Any]]:
        found = self.read(f"select * from {table} where order_id = ? order by id", number)
        return [{name: one[name] for name in one.keys() if name != "order_id"} for one in found]  # noqa: SIM118

    def settle(
        self, number: int, state: OrderState, who: str, why: str, task_id: str | None = None
    ) -> None:
        """Record the user's decision about an order that is UNKNOWN: who, when and why.

        Raises UsageError if it is in another state, or the task is another order's.
        """
        self._take_over(number)
        with self.change() as connection:
            query = "select state from orders where id = ?"
            current = connection.execute(query, (number,)).fetchone()[0]
            if current != OrderState.UNKNOWN:
                hint = Hint("history", ("--unknown",), "to list unknown orders: {}")
                raise UsageError(f"@row:{number} is {current}, not UNKNOWN", hint)
            connection.execute(
                "insert into decisions (order_id, at, who, what, why) values (?, ?, ?, ?, ?)",
                (number, time.time(), who, str(state), why),
            )
            if task_id:
                _move_adopted(connection, number, task_id)
                connection.execute("update orders set task_id = ? where id = ?", (task_id, number))
            connection.execute("update orders set state = ? where id = ?", (str(state), number))

    def _take_over(self, number: int) -> None:
        """Allow the user to decide about an order that another machine was sending."""
        (row,) = self.read("select state, owner from orders where id = ?", number)
        if row["state"] == OrderState.SENDING and process_id.is_elsewhere(row["owner"] or ""):
            record = SqliteOrderRecord(self.change, number)
            record.mark_unknown("it was sent by another machine", None)

    def prune(self, before: float) -> int:
        """Delete old orders that have ended; running and unknown ones stay. Return how many.

        Of a batch's row only texts and tags are deleted: the record keeps it from being paid twice.
        """
        if self.spending.most:  # what the caps count has to be remembered
            before = min(before, period_start("month"))
        chosen, values = _chosen_to_forget(), (self.account, before)
        texts = "prompt = null, options = null, body = null, failure_message = null"
        with self.change() as connection:
            forgotten = connection.execute(
                f"update orders set {texts} where id in ({chosen}) and batch is not null"
                f" and (coalesce(prompt, options, body, failure_message) is not null or {_TAGGED})",
                values,
            ).rowcount
            connection.execute(f"delete from tags where order_id in ({chosen})", values)
            chosen += " and batch is null"
            for table in ("attempts", "assets", "decisions", "inputs"):
                connection.execute(f"delete from {table} where order_id in ({chosen})", values)
            statement = f"delete from orders where id in ({chosen})"
            return forgotten + connection.execute(statement, values).rowcount


def _chosen_to_forget() -> str:
    """Return a query for the account's orders that have ended and are older than a moment."""
    over = ", ".join(f"'{status}'" for status in sorted(SUCCEEDED | FAILED))
    settled = f"status in ({over}) or state in ('REFUSED', 'WRITTEN_OFF')"
    # A planned order may be about to be sent; a success that was never saved is paid for.
    settled += f" or (state = 'PLANNED' and created < {time.time() - 86_400})"
    return (
        f"select id from orders where account = ? and created < ? and ({settled}) and not {UNSAVED}"
    )


def _move_adopted(connection: sqlite3.Connection, number: int, task_id: str) -> None:
    """Merge a task that was polled before its order was known into this order."""
    query = "select id, status, settled, digest from orders where task_id = ? and id <> ?"
    other = connection.execute(query, (task_id, number)).fetchone()
    if other is None:
        return
    if other[3] is not None:
        hint = Hint("history show", (task_id,), "to show it: {}")
        raise UsageError(f"task {task_id} is another order's", hint)
    connection.execute("update assets set order_id = ? where order_id = ?", (number, other[0]))
    # The user tagged the task after the order was sent: the later word counts.
    statement = "update or replace tags set order_id = ? where order_id = ?"
    connection.execute(statement, (number, other[0]))
    connection.execute("delete from orders where id = ?", (other[0],))
    connection.execute(
        "update orders set status = ?, settled = ? where id = ?", (other[1], other[2], number)
    )
