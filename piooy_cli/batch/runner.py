"""Running rows: submitting, waiting and saving overlap; the ledger says what each row needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy

from piooy_cli.batch.counters import BatchCounters
from piooy_cli.batch.results import ResultsFile, row_record
from piooy_cli.batch.row_state import RunPlan, sent_task
from piooy_cli.batch.row_store import RowStore
from piooy_cli.batch.rows import BatchRow
from piooy_cli.batch.sent_mark import SentMark
from piooy_cli.batch.work_queue import WorkItem, WorkQueue
from piooy_cli.concurrency.gather import run_concurrently
from piooy_cli.domain.errors import (
    Busy,
    NotFound,
    NotSignedIn,
    PiooyError,
    StorageRefused,
    SubmissionUnknown,
    TaskFailed,
    Unreachable,
)
from piooy_cli.domain.events import Failed, Tell
from piooy_cli.domain.models import OrderState, RowKey, SavedFile, Task
from piooy_cli.downloads.saver import Saver
from piooy_cli.ledger.store import OrderStore
from piooy_cli.tasks.pipeline import Pipeline

_SAVING = 16  # rows whose files may still be arriving while others are sent
_MOST_SHOWN = 20  # failures that are told one by one
_MOST_UNREACHED = 5


class BatchRunner:
    """One run of a batch."""

    def __init__(
        self, pipeline: Pipeline, store: OrderStore, row_store: RowStore, results: ResultsFile,
        counters: BatchCounters, saver: Callable[[str | None], Saver], tell: Tell, plan: RunPlan,
        mark: SentMark,
    ) -> None:  # fmt: skip
        self._pipeline = pipeline
        self._store = store
        self._row_store = row_store
        self._results = results
        self._counters = counters
        self._saver = saver
        self._tell = tell
        self._plan = plan
        self._mark = mark
        self._queue = WorkQueue(pipeline, store, row_store, counters, plan)
        self._unreached = 0

    async def run(self) -> None:
        """Run every row. Raises only errors that stop everything, such as a full disk."""
        self._pipeline.inputs.task_of_row = self._task_of_row
        most = self._plan.concurrency + _SAVING
        await run_concurrently(self._row, self._queue.items(), at_once=most, failed=self._tell_all)

    def _task_of_row(self, key: str) -> str:
        sent = self._store.newest_order(self._counters.name, key)
        if sent is None or not sent.task.id:
            raise NotFound(f"row {key} has no task")
        return sent.task.id

    def _tell_all(self, error: PiooyError) -> None:
        """Report every error that stops the run: each may name a task that was paid for."""
        self._tell(Failed(error))

    async def _row(self, item: WorkItem) -> None:
        if item.lacks:
            return self._left_unsent(item, item.lacks)
        try:
            task = await self._finished(item)
            self._queue.waiting.look_again(item.row.key)
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
        finally:
            self._queue.waiting.look_again(item.row.key)
            self._queue.waiting.ended()
        self._counters.ended()
        self._tell(self._counters.counted())

    def _left_unsent(self, item: WorkItem, lacks: str) -> None:
        """Count a row that is not sent, since a row that it is made from has no result."""
        item.slot.release()
        self._not_sent(item.row, TaskFailed(f"not sent: it needs {lacks}, which has no result"))
        self._queue.waiting.leave_out(item.row)
        self._queue.waiting.ended()

    async def _finished(self, item: WorkItem) -> Task:
        """Return the row's task when it has succeeded; its slot is released."""
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
            self._queue.limit.on_ended()
            item.slot.release()

    async def _submitted(self, item: WorkItem, attempt: int) -> Task:
        row = item.row
        key = RowKey(self._counters.name, row.key, row.spec, attempt)
        with self._counted("sending"):
            task = await self._pipeline.submit(
                row.order, key, item.slot, lambda ref: self._mark.note(ref, row.key)
            )
        self._queue.limit.on_accepted()
        self._counters.sent += 1
        self._unreached = 0
        return task

    async def _succeeded(self, row: BatchRow, task: Task, files: list[SavedFile]) -> None:
        await self._store.flush()
        task = self._store.find(task.id) or task
        self._counters.done += 1
        self._counters.files += len(files)
        self._counters.bytes += sum(file.bytes for file in files)
        self._note(row, task, files, ended=True)

    def _unfinished(self, item: WorkItem, error: PiooyError) -> None:
        """Count a row as failed, in doubt or pending, as the ledger says."""
        sent = self._store.newest_order(self._counters.name, item.row.key)
        other_attempt = sent and item.attempt and sent.attempt != item.attempt
        if sent is None or other_attempt or sent.state == OrderState.PLANNED:
            return self._not_sent(item.row, error)
        if isinstance(error, NotSignedIn | StorageRefused):
            self._pipeline.close(error)  # nothing that is sent now could be fetched
        task = sent.task
        if isinstance(error, SubmissionUnknown):
            self._counters.in_doubt += 1
            self._note(item.row, task, [], ended=False, fresh=item.attempt is not None)
        elif sent.state in (OrderState.REFUSED, OrderState.WRITTEN_OFF) or task.failed:
            self._counters.failed += 1
            self._stop_at_enough()
            self._note(item.row, task, [], ended=True, fresh=item.attempt is not None)
        else:
            self._counters.pending += 1
        self._say(item.row, error)

    def _stop_at_enough(self) -> None:
        most = self._plan.max_failures
        if most is not None and self._counters.failed >= most:
            self._pipeline.close(
                TaskFailed(
                    f"{self._counters.failed} rows failed; the limit of --max-failures is reached"
                )
            )

    def _not_sent(self, row: BatchRow, error: PiooyError) -> None:
        """Count a row whose order was not sent, unless nothing is sent any more."""
        unreached = isinstance(error, Unreachable)
        self._unreached += unreached
        if self._unreached >= _MOST_UNREACHED:
            self._pipeline.close(error)
        self._counters.closed = self._pipeline.closed
        if not self._counters.closed:
            self._counters.pending += 1
            self._counters.unreached += unreached
            self._say(row, error)

    def _say(self, row: BatchRow, error: PiooyError) -> None:
        self._counters.failure(error)
        if sum(self._counters.reasons.values()) <= _MOST_SHOWN:
            shown = copy(error)  # it may be what the whole ends with, too
            shown.message, shown.hints = f"{row.shown}: {error.message}", []
            self._tell(Failed(shown))

    def _note(
        self, row: BatchRow, task: Task, files: list[SavedFile], *, ended: bool, fresh: bool = False
    ) -> None:
        """Write a line to the results, unless the last one says the same, then mark the row.

        `fresh`: the order was sent in this run, so no line can be about it.
        """
        word = task.status if ended else OrderState.UNKNOWN
        known = row.n and not fresh and self._row_store.recorded_status(row.n) == word
        if known and not (ended and task.succeeded):
            if ended:
                self._row_store.close_row(row.n)
            return
        end = self._results.append(row_record(row, task, files))
        if row.n:
            self._row_store.mark(row.n, word, ended=ended, results_end=end)

    @contextmanager
    def _counted(self, what: str) -> Iterator[None]:
        """Count one more row in this step while inside."""
        counters = self._counters
        setattr(counters, what, getattr(counters, what) + 1)
        self._tell(counters.counted())
        try:
            yield
        finally:
            setattr(counters, what, getattr(counters, what) - 1)


@contextmanager
def _vital() -> Iterator[None]:
    """Stop everything if a row's outcome cannot be recorded: the next run would not know it."""
    try:
        yield
    except (StorageRefused, Busy) as error:
        error.stops_all = True
        raise
