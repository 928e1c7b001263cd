"""The orders of a batch's rows."""

from collections.abc import Iterator

from piooy_cli.domain.models import FAILED, OrderState
from piooy_cli.ledger.records import RowOrder, SentRow
from piooy_cli.ledger.sqlite.database import COLUMNS, Database
from piooy_cli.ledger.sqlite.filters import SHORT

_PAGE = 1000


class Batches(Database):
    """The part of the store that knows the rows of batches."""

    def newest_order(self, batch: str, row: str) -> RowOrder | None:
        """Return the newest order of a row; None if nothing was planned."""
        query = (
            f"select {COLUMNS}, turn, asked from orders"
            " where account = ? and batch = ? and row = ? order by turn desc limit 1"
        )
        for found in self.read(query, self.account, batch, row):
            state, turn, spec = OrderState(found["state"]), found["turn"], found["asked"]
            return RowOrder(state, turn, spec, self.task_of(found))
        return None

    def row_of_order(self, ref: str, batch: str) -> str | None:
        """Return the row that `@row:N` is an order of; None if it is of another batch."""
        query = "select row from orders where id = ? and account = ? and batch = ?"
        found = self.read(query, ref.removeprefix("@row:"), self.account, batch)
        return str(found[0]["row"]) if found else None

    def unsettled_rows(self, batch: str) -> list[str]:
        """Return the keys of rows whose orders were sent and have not ended, as far as known."""
        query = (
            "select row from orders where account = ? and batch = ? and settled is null"
            " and state in ('SENDING', 'SUBMITTED', 'UNKNOWN') order by id"
        )
        return [found["row"] for found in self.read(query, self.account, batch)]

    def short_rows(self, batch: str) -> list[str]:
        """Return the keys of rows that were not delivered as ordered."""
        query = (
            f"select distinct row from orders where account = ? and batch = ? and {SHORT}"
            " order by row"
        )
        return [found["row"] for found in self.read(query, self.account, batch)]

    def sent_rows(self, batch: str, *, but_failed: bool) -> Iterator[SentRow]:
        """Yield the newest order of each row that was or may have been sent, by row key.

        `but_failed`: without those that failed. Pages keep the memory small.
        """
        words = ", ".join(f"'{word}'" for word in sorted(FAILED)) if but_failed else "'-'"
        query = (
            "select row, asked, coalesce(task_id, '@row:' || id) as ref, state, status"
            " from orders where account = ? and batch = ? and row > ?"
            f" and state not in ('PLANNED', 'REFUSED') and coalesce(status, '') not in ({words})"
            " and turn = (select max(turn) from orders as other where other.account ="
            " orders.account and other.batch = orders.batch and other.row = orders.row)"
            f" order by row limit {_PAGE}"
        )
        last = ""
        while page := self.read(query, self.account, batch, last):
            yield from (SentRow(found["row"], found["asked"], found["ref"]) for found in page)
            last = page[-1]["row"]
