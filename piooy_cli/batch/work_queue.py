"""The queue of a batch's rows: in which order they are processed, each with a slot."""

import random
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from piooy_cli.batch.counters import BatchCounters
from piooy_cli.batch.row_state import RunPlan, deadline_error, next_attempt
from piooy_cli.batch.row_store import RowStore
from piooy_cli.batch.rows import BatchRow
from piooy_cli.batch.waiting_rows import ParentState, ReadyRow, WaitingRows
from piooy_cli.concurrency.adaptive_limit import AdaptiveLimit, Slot
from piooy_cli.domain.models import MediaType, Order, OrderState
from piooy_cli.ledger.records import RowOrder
from piooy_cli.ledger.store import OrderStore
from piooy_cli.tasks.pipeline import Pipeline


class WorkItem(NamedTuple):
    """A row, what was sent for it, the `attempt` to send now, if any, and its slot.

    `lacks`: the row without whose result it is not sent.
    """

    row: BatchRow
    sent: RowOrder | None
    attempt: int | None
    slot: Slot
    lacks: str | None = None


class WorkQueue:
    """Hands out rows until there are none, or nothing more may be sent."""

    def __init__(
        self,
        pipeline: Pipeline,
        store: OrderStore,
        row_store: RowStore,
        counters: BatchCounters,
        plan: RunPlan,
    ) -> None:
        self._pipeline = pipeline
        self._store = store
        self._row_store = row_store
        self._counters = counters
        self._plan = plan
        self.limit = AdaptiveLimit(plan.concurrency)
        self.waiting = WaitingRows(self._state_of)
        self._taken_up: set[str] = set()
        self._ordered = 0

    async def items(self) -> AsyncIterator[WorkItem]:
        """Yield each row with a slot: rows with orders in progress come first."""
        async for row, lacks in self._ready_rows():
            sent = self._sent(row.key)
            attempt = next_attempt(row, sent, self._plan)
            if attempt is not None and not lacks:
                if not self._may_send():
                    return
                self._ordered += 1
            elif self._plan.only_failed and not (sent and sent.state == OrderState.SUBMITTED):
                continue
            self.waiting.began()
            yield WorkItem(row, sent, attempt, await self.limit.slot(), lacks)

    async def _ready_rows(self) -> AsyncIterator[ReadyRow]:
        """Yield rows that can go on, those that others have waited for as soon as possible."""
        for row in self._rows():
            while released := self.waiting.released():
                yield released
            to_send = next_attempt(row, self._sent(row.key), self._plan) is not None
            if ready := self.waiting.take(row) if to_send else ReadyRow(row):
                yield ready
        while released := await self.waiting.next():
            yield released

    def _sent(self, key: str) -> RowOrder | None:
        return self._store.newest_order(self._counters.name, key)

    def _state_of(self, key: str) -> ParentState:
        """Return whether a row has a result, as the ledger knows it, or will have one."""
        row, sent = self._row_store.row(key=key), self._sent(key)
        if row and next_attempt(row, sent, self._plan) is not None:
            return ParentState.AWAITED
        if sent is None or sent.state != OrderState.SUBMITTED or sent.task.failed:
            return ParentState.LACKING
        return ParentState.READY if sent.task.succeeded else ParentState.AWAITED

    def _rows(self) -> Iterator[BatchRow]:
        for key in self._store.unsettled_rows(self._counters.name):
            self._taken_up.add(key)
            yield self._row_store.row(key=key) or self._left_out(key)
        for row in self._shuffled() if self._plan.shuffled else self._row_store.every_open():
            if row.key not in self._taken_up:
                yield row

    def _shuffled(self) -> Iterator[BatchRow]:
        numbers = self._row_store.open_numbers()
        random.SystemRandom().shuffle(numbers)
        for n in numbers:
            if row := self._row_store.row(n=n):
                yield row

    def _left_out(self, key: str) -> BatchRow:
        """Rebuild a row that is no longer in the manifest: its order was paid for."""
        sent = self._store.newest_order(self._counters.name, key)
        assert sent
        task = sent.task
        order = Order(
            MediaType(task.media or MediaType.IMAGE), task.scene or "", task.provider or "",
            task.model or "", task.prompt or "", task.options or {},
        )  # fmt: skip
        return BatchRow(0, 0, key, sent.spec, order)

    def _may_send(self) -> bool:
        """Whether one more order may be sent in this run."""
        plan = self._plan
        if plan.until and plan.until.passed:
            self._pipeline.close(deadline_error())
        self._counters.closed = self._pipeline.closed
        return not self._counters.closed and (plan.limit is None or self._ordered < plan.limit)
