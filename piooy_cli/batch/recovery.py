"""Recovering from an earlier run: changed rows are refused, lost marks are restored."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from piooy_cli.batch.results import ResultsFile
from piooy_cli.batch.row_store import RowStore
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.models import OrderState
from piooy_cli.ledger.records import SentRow
from piooy_cli.ledger.store import OrderStore

_MOST_SHOWN = 20
_PAGE = 500


class ChangedRow(NamedTuple):
    """A row that was changed after it was sent. `line`: 0 if it has none."""

    line: int
    key: str
    ref: str

    @property
    def shown(self) -> str:
        """The row as shown in messages."""
        where = f"line {self.line}" if self.line else self.key[:40]
        return f"{where} (sent as {self.ref})"


def changed_rows(rows: RowStore, sent: Iterator[SentRow]) -> Iterator[ChangedRow]:
    """Yield the rows that differ from what was sent for them."""
    while page := list(islice(sent, _PAGE)):
        known = rows.specs_of([one.key for one in page])
        for one in page:
            line, spec = known.get(one.key, (0, one.spec))
            if spec != one.spec:
                yield ChangedRow(line, one.key, one.ref)


def refuse_changed(store: OrderStore, batch: str, rows: RowStore, *, only_failed: bool) -> None:
    """Raise UsageError if a row was changed after it was sent; then nothing is sent."""
    sent = store.sent_rows(batch, but_failed=only_failed)
    found = sorted(islice(changed_rows(rows, sent), _MOST_SHOWN))
    if not found:
        return
    shown = ", ".join(one.shown for one in found)
    more = " and perhaps more" if len(found) == _MOST_SHOWN else ""
    raise UsageError(
        f"batch {batch}: changed since it was sent: {shown}{more}; nothing was sent",
        "change it back, give the row a new id, or give the batch a new --name",
    )


def catch_up(store: OrderStore, batch: str, rows: RowStore, results: ResultsFile) -> None:
    """Mark the rows that are in the results: a crash may have lost their marks."""
    if results.is_stream:
        return
    begin = int(rows.get_fact("results_end") or 0)
    if begin > results.end or rows.get_fact("results_file") not in (None, results.identity):
        rows.reopen(None)  # the file is another one, or was cut: it is written again
        begin = 0
    for key, status, task_id, end in results.since(begin):
        row, order = rows.row(key=key), store.newest_order(batch, key)
        # Another account, or an earlier attempt, may have written the line.
        if row and order and order.spec == row.spec and (order.task.id or None) == task_id:
            rows.mark(row.n, status, ended=status != OrderState.UNKNOWN, results_end=end)
    rows.set_facts(results_file=results.identity)
