"""What the ledger knows of a batch: which row has which order, and which rows changed since."""

from pathlib import Path
from typing import NamedTuple

from piooy_cli.domain.models import FAILED, Task
from piooy_cli.ledger.sqlite import mapping
from piooy_cli.ledger.sqlite.store import COLUMNS, Ledger


class RowOrder(NamedTuple):
    """The newest order of a row. `task`: as far as it is known."""

    state: str
    turn: int
    asked: bytes
    task: Task


class ChangedRow(NamedTuple):
    """A row that asks for something else than what was sent for it."""

    line: int
    row: str
    ref: str


def newest_order(ledger: Ledger, batch: str, row: str) -> RowOrder | None:
    """What was sent for a row last; None where nothing was planned."""
    query = (
        f"select {COLUMNS}, turn, asked from orders"
        " where account = ? and batch = ? and row = ? order by turn desc limit 1"
    )
    for found in ledger.read(query, ledger.account, batch, row):
        task = mapping.task_from_row(found, ledger.assets_of(found["id"]))
        return RowOrder(found["state"], found["turn"], found["asked"], task)
    return None


def unsettled_rows(ledger: Ledger, batch: str) -> list[str]:
    """The rows whose orders were sent, and have not ended as far as known."""
    query = (
        "select row from orders where account = ? and batch = ? and settled is null"
        " and state in ('SENDING', 'SUBMITTED', 'UNKNOWN') order by id"
    )
    return [found["row"] for found in ledger.read(query, ledger.account, batch)]


def changed_rows(
    ledger: Ledger, batch: str, spool: Path, *, but_failed: bool, most: int = 20
) -> list[ChangedRow]:
    """Rows of a spool that differ from what was sent, or is in doubt; `but_failed`: less those."""
    words = ", ".join(f"'{word}'" for word in sorted(FAILED)) if but_failed else "'-'"
    query = (
        "select line, orders.row as row, coalesce(task_id, '@row:' || orders.id) as ref"
        " from orders join spool.rows on spool.rows.key = orders.row"
        " where account = ? and batch = ? and orders.asked <> spool.rows.asked"
        f" and state not in ('PLANNED', 'REFUSED') and coalesce(status, '') not in ({words})"
        " and turn = (select max(turn) from orders as other where other.account = orders.account"
        " and other.batch = orders.batch and other.row = orders.row) order by line limit ?"
    )
    ledger.read("attach ? as spool", str(spool))
    try:
        found = ledger.read(query, ledger.account, batch, most)
    finally:
        ledger.read("detach spool")
    return [ChangedRow(row["line"], row["row"], row["ref"]) for row in found]
