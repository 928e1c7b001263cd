"""Rows to their ends: submit, wait and save overlap; the ledger says what each still needs."""

import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import NamedTuple

from piooy_cli.batch.counters import IN_DOUBT, BatchCounters
from piooy_cli.batch.results import ResultsFile, row_record
from piooy_cli.batch.row_state import RunPlan, deadline_error, next_attempt, sent_task
from piooy_cli.batch.row_store import RowStore
from piooy_cli.batch.rows import BatchRow
from piooy_cli.concurrency.adaptive_limit import AdaptiveLimit, Slot
from piooy_cli.concurrency.gather import run_concurrently
from piooy_cli.domain.errors import (
    Busy,
    NotSignedIn,
    PiooyError,
    StorageRefused,
    SubmissionUnknown,
    TaskFailed,
    Unreachable,
)
from piooy_cli.domain.events import Failed, Tell
from piooy_cli.domain.models import MediaType, Order, OrderState, RowKey, SavedFile, Task
from piooy_cli.downloads.saver import Saver
from piooy_cli.ledger.records import RowOrder
from piooy_cli.ledger.store import OrderStore
from piooy_cli.tasks.pipeline import Pipeline

_SAVING = 16  # rows whose files may still be arriving while others are sent
_TOLD = 20  # failures that are told one by one
_MOST_UNREACHED = 5


class WorkItem(NamedTuple):
    """A row, what was sent for it, which `attempt` is to be sent now, if any, and its slot."""

    row: BatchRow
    sent: RowOrder | None
    attempt: int | None
    slot: Slot


class BatchRunner:
    """One run of a batch."""

    def __init__(
        self, pipeline: Pipeline, store: OrderStore, spool: RowStore, results: ResultsFile,
        tally: BatchCounters, saver: Callable[[str | None], Saver], tell: Tell, plan: RunPlan,
    ) -> None:  # fmt: skip
        self._pipeline = pipeline
        self._store = store
        self._spool = spool
        self._results = results
        self._tally = tally
        self._saver = saver
        self._tell = tell
        self._plan = plan
        self._limit = AdaptiveLimit(plan.concurrency)
        self._taken_up: set[str] = set()
        self._ordered = 0
        self._unreached = 0

    async def run(self) -> None:
        """Every row as far as it goes. Raises only what ends all, such as a full disk."""
        most = self._plan.concurrency + _SAVING
        await run_concurrently(self._row, self._items(), at_once=most, failed=self._tell_all)

    def _tell_all(self, error: PiooyError) -> None:
        """Of several errors that each end all, every one may name a task that was paid for."""
        self._tell(Failed(error))

    async def _items(self) -> AsyncIterator[WorkItem]:
        """Rows with a seat: first those whose orders are under way, then the others."""
        for row in self._rows():
            sent = self._store.newest_order(self._tally.name, row.key)
            attempt = next_attempt(row, sent, self._plan)
            if attempt is not None:
                if not self._may_send():
                    return
                self._ordered += 1
            elif self._plan.only_failed and not (sent and sent.state == OrderState.SUBMITTED):
                continue
            yield WorkItem(row, sent, attempt, await self._limit.slot())

    def _rows(self) -> Iterator[BatchRow]:
        for key in self._store.unsettled_rows(self._tally.name):
            self._taken_up.add(key)
            yield self._spool.row(key=key) or self._left_out(key)
        for row in self._shuffled() if self._plan.shuffled else self._spool.every_open():
            if row.key not in self._taken_up:
                yield row

    def _shuffled(self) -> Iterator[BatchRow]:
        numbers = self._spool.open_numbers()
        random.SystemRandom().shuffle(numbers)
        for n in numbers:
            if row := self._spool.row(n=n):
                yield row

    def _left_out(self, key: str) -> BatchRow:
        """A row that is in the manifest no more. Its order was paid for."""
        sent = self._store.newest_order(self._tally.name, key)
        assert sent
        task = sent.task
        order = Order(
            MediaType(task.media or MediaType.IMAGE), task.scene or "", task.provider or "",
            task.model or "", task.prompt or "", task.options or {},
        )  # fmt: skip
        return BatchRow(0, 0, key, sent.spec, order)

    def _may_send(self) -> bool:
        """Whether one more order may leave in this run."""
        plan = self._plan
        if plan.until and plan.until.passed:
            self._pipeline.close(deadline_error())
        self._tally.closed = self._pipeline.closed
        return not self._tally.closed and (plan.limit is None or self._ordered < plan.limit)

    async def _row(self, item: WorkItem) -> None:
        try:
            task = await self._finished(item)
            saver = self._saver(item.row.output)
            with self._counted("saving"):
                files = await self._pipeline.fetch(task, saver)
        except PiooyError as error:
            if error.stops_all:
                raise
            with _vital():
                self._unfinished(item, error)
        else:
            with _vital():
                await self._succeeded(item.row, task, files)
        self._tally.ended()
        self._tell(self._tally.counted())

    async def _finished(self, item: WorkItem) -> Task:
        """Its task once it succeeded. The seat is free for another row afterwards."""
        try:
            self._saver(item.row.output)  # whose place must be there before anything is paid
            fresh = item.attempt is not None
            task = (
                await self._submitted(item, item.attempt) if item.attempt else sent_task(item.sent)
            )
            if task.succeeded and task.assets:
                return task
            with self._counted("waiting"):
                return await self._pipeline.finish(task, fresh=fresh)
        finally:
            self._limit.moves += 1
            item.slot.release()

    async def _submitted(self, item: WorkItem, attempt: int) -> Task:
        row = item.row
        key = RowKey(self._tally.name, row.key, row.spec, attempt)
        with self._counted("sending"):
            task = await self._pipeline.submit(row.order, key, item.slot)
        self._limit.on_accepted()
        self._tally.sent += 1
        self._unreached = 0
        return task

    async def _succeeded(self, row: BatchRow, task: Task, files: list[SavedFile]) -> None:
        await self._store.flush()
        task = self._store.find(task.id) or task
        self._tally.done += 1
        self._tally.files += len(files)
        self._tally.bytes += sum(file.bytes for file in files)
        self._note(row, task, files, ended=True)

    def _unfinished(self, item: WorkItem, error: PiooyError) -> None:
        """What the ledger says of it decides what it is: failed, in doubt, or free to go on."""
        sent = self._store.newest_order(self._tally.name, item.row.key)
        other_attempt = sent and item.attempt and sent.attempt != item.attempt
        if sent is None or other_attempt or sent.state == OrderState.PLANNED:
            return self._not_sent(item.row, error)
        if isinstance(error, NotSignedIn | StorageRefused):
            self._pipeline.close(error)  # nothing that is sent now could be fetched
        task = sent.task
        if isinstance(error, SubmissionUnknown):
            self._tally.in_doubt += 1
            self._note(item.row, task, [], ended=False, fresh=item.attempt is not None)
        elif sent.state in (OrderState.REFUSED, OrderState.WRITTEN_OFF) or task.failed:
            self._tally.failed += 1
            self._stop_at_enough()
            self._note(item.row, task, [], ended=True, fresh=item.attempt is not None)
        else:
            self._tally.pending += 1
        self._say(item.row, error)

    def _stop_at_enough(self) -> None:
        most = self._plan.max_failures
        if most is not None and self._tally.failed >= most:
            self._pipeline.close(TaskFailed(f"{self._tally.failed} rows failed: that is enough"))

    def _not_sent(self, row: BatchRow, error: PiooyError) -> None:
        """Its order never left. Where nothing else is sent either, that is no failure of it."""
        unreached = isinstance(error, Unreachable)
        self._unreached += unreached
        if self._unreached >= _MOST_UNREACHED:
            self._pipeline.close(error)
        self._tally.closed = self._pipeline.closed
        if not self._tally.closed:
            self._tally.pending += 1
            self._tally.unreached += unreached
            self._say(row, error)

    def _say(self, row: BatchRow, error: PiooyError) -> None:
        self._tally.failure(error)
        where = f"line {row.line}" if row.line else row.key
        if sum(self._tally.reasons.values()) <= _TOLD:
            told = copy(error)  # it may be what the whole ends with, too
            told.message, told.hints = f"{where}: {error.message}", []
            self._tell(Failed(told))

    def _note(
        self, row: BatchRow, task: Task, files: list[SavedFile], *, ended: bool, fresh: bool = False
    ) -> None:
        """A line in the results, unless the last one says the same; then the mark of it.

        `fresh`: of an order that was sent in this run, which no line can be of.
        """
        word = task.status if ended else IN_DOUBT
        known = row.n and not fresh and self._spool.recorded_status(row.n) == word
        if known and not (ended and task.succeeded):
            if ended:
                self._spool.close_row(row.n)
            return
        end = self._results.append(row_record(row, task, files))
        if row.n:
            self._spool.mark(row.n, word, ended=ended, results_end=end)

    @contextmanager
    def _counted(self, what: str) -> Iterator[None]:
        """One more row is at this, as long as it is."""
        tally = self._tally
        setattr(tally, what, getattr(tally, what) + 1)
        self._tell(tally.counted())
        try:
            yield
        finally:
            setattr(tally, what, getattr(tally, what) - 1)


@contextmanager
def _vital() -> Iterator[None]:
    """What became of a row is on disk, or everything stops: the next run would not know it."""
    try:
        yield
    except (StorageRefused, Busy) as error:
        error.stops_all = True
        raise
