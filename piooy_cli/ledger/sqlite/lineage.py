"""Which orders were made from which results, and which result a file is."""

import sqlite3
from collections.abc import Sequence

from piooy_cli.domain.inputs import OrderInput
from piooy_cli.domain.models import SavedFile
from piooy_cli.ledger.records import InputLink
from piooy_cli.ledger.sqlite.database import COLUMNS, Database, files_from_rows

_LINKS = (
    "select inputs.task_id as parent, n, option, place,"
    " coalesce(orders.task_id, '@row:' || orders.id) as child"
    " from inputs join orders on orders.id = order_id where"
)


def record_inputs(
    connection: sqlite3.Connection, number: int, inputs: Sequence[OrderInput]
) -> None:
    """Record the results that an order is made from."""
    connection.execute("delete from inputs where order_id = ?", (number,))
    connection.executemany(
        "insert into inputs (order_id, option, place, task_id, n) values (?, ?, ?, ?, ?)",
        [(number, one.option, one.place, one.ref.task, one.ref.n) for one in inputs],
    )


class Lineage(Database):
    """The part of the store that knows parents and children."""

    def saved_as(self, sha256: str) -> tuple[str, int] | None:
        """Return the task and number of the asset that was saved with these bytes, the newest."""
        query = (
            "select task_id, n from assets join orders on orders.id = order_id"
            " where (sha256 = ? or arrived = ?) and account = ? and task_id is not null"
            " order by saved desc limit 1"
        )
        found = self.read(query, sha256, sha256, self.account)
        return (found[0]["task_id"], found[0]["n"]) if found else None

    def files_with(self, sha256: str) -> Sequence[SavedFile]:
        """Return the saved files whose digest begins so, the newest first."""
        query = (
            "select distinct order_id from assets join orders on orders.id = order_id"
            " where ((sha256 >= ? and sha256 < ?) or (arrived >= ? and arrived < ?))"
            " and account = ? order by saved desc"
        )
        found = self.read(query, *(sha256, f"{sha256}g") * 2, self.account)
        files = [file for row in found for file in self._files_of(row["order_id"])]
        return [one for one in files if f"{one.sha256} {one.arrived}".find(sha256) in (0, 65)]

    def _files_of(self, number: int) -> list[SavedFile]:
        (row,) = self.read(f"select {COLUMNS} from orders where id = ?", number)
        return files_from_rows(self.task_of(row), self.assets_of(number))

    def inputs_of(self, ref: str) -> list[InputLink]:
        """Return the results that an order, by its task or `@row:N`, was made from."""
        column, value = ("orders.task_id", ref)
        if ref.startswith("@row:"):
            column, value = "orders.id", ref.removeprefix("@row:")
        found = self.read(f"{_LINKS} {column} = ? order by option, place", value)
        return [InputLink(*row) for row in found]

    def made_from(self, task_id: str) -> list[InputLink]:
        """Return the orders that were made from a task's results, oldest first."""
        query = f"{_LINKS} inputs.task_id = ? and account = ? order by orders.id, option, place"
        return [InputLink(*row) for row in self.read(query, task_id, self.account)]
