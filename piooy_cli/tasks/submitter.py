"""Sending orders, each once; and stopping while one is on its way."""

import asyncio
from typing import TYPE_CHECKING

from piooy_cli.api.client import ApiClient
from piooy_cli.api.interpret import unknown_error
from piooy_cli.api.submission import Submission
from piooy_cli.concurrency.signals import StopSignal
from piooy_cli.domain.errors import (
    Busy,
    NotSignedIn,
    OverLimit,
    PiooyError,
    StorageRefused,
    SubmissionUnknown,
)
from piooy_cli.domain.events import Noticed, Submitted, Submitting, Tell
from piooy_cli.domain.hints import RESOLUTIONS, Hint
from piooy_cli.domain.models import Order, RowKey, Task

if TYPE_CHECKING:
    from piooy_cli.concurrency.adaptive_limit import Slot
    from piooy_cli.ledger.null_store import NullLedger
    from piooy_cli.ledger.sqlite.order_record import OrderRecord
    from piooy_cli.ledger.sqlite.store import Ledger

MOST_DOUBTS = 5
_AT_ONCE = 8  # orders that leave at the same time


class Submitter:
    """Sends, and knows what is in doubt.

    After a refused key, an empty account, or five lost answers in a row it sends nothing more:
    the money at risk is bounded.
    """

    def __init__(
        self,
        api: ApiClient,
        ledger: "Ledger | NullLedger",
        stop: StopSignal,
        tell: Tell,
        patience: float,
    ) -> None:
        self._api = api
        self._ledger = ledger
        self._stop = stop
        self._tell = tell
        self._patience = patience
        self._closed: PiooyError | None = None
        self._doubts_in_a_row = 0
        self._leaving = asyncio.Semaphore(_AT_ONCE)
        self.in_doubt: list[SubmissionUnknown] = []
        self.sent: dict[str, Task] = {}

    @property
    def closed(self) -> PiooyError | None:
        """Why nothing more is sent; None where orders still are."""
        return self._closed

    def close(self, why: PiooyError) -> None:
        """Send nothing more. What is on its way stays so."""
        self._closed = self._closed or why

    async def submit(
        self, order: Order, row: RowKey | None = None, seat: "Slot | None" = None
    ) -> Task:
        """Send the order, once. Stopped on the way, it waits for the answer that is due."""
        submission = self._api.prepare(order)
        submission.seat, submission.closed = seat, lambda: self._closed
        async with self._leaving:
            if self._closed:
                raise self._closed
            entry = self._ledger.plan(order, submission.body, row)
            submission.journal = entry
            self._tell(Submitting(order))
            return await self._sent(submission, entry)

    async def _sent(self, submission: Submission, entry: "OrderRecord") -> Task:
        posting = asyncio.create_task(self._api.generate(submission, self._patience))
        try:
            task = await asyncio.shield(posting)
        except asyncio.CancelledError:
            self._accepted(await self._within_grace(posting, submission, entry))
            raise
        except SubmissionUnknown as doubt:
            if doubt is self._closed:
                raise  # another order's: this one never left
            raise self._noted(doubt, entry) from doubt.__cause__
        except (NotSignedIn, OverLimit, StorageRefused, Busy) as closed:
            self.close(closed)
            raise
        return self._accepted(task)

    def _accepted(self, task: Task) -> Task:
        self._doubts_in_a_row = 0
        self.sent[task.id] = task
        self._tell(Submitted(task))
        return task

    async def _within_grace(
        self, posting: "asyncio.Task[Task]", submission: Submission, entry: "OrderRecord"
    ) -> Task:
        """The answer, if it comes in time. Raises CancelledError where nothing was sent."""
        submission.stopped = True
        if submission.may_have_arrived:
            await self._patiently(posting)
        if posting.done() and not posting.cancelled():
            doubt = posting.exception()
            if isinstance(doubt, SubmissionUnknown) and doubt is not self._closed:
                raise self._noted(doubt, entry)
            return posting.result()
        posting.cancel()
        await asyncio.wait({posting})
        if entry.is_sending and submission.may_have_arrived:
            doubt = await submission.in_doubt(unknown_error("stopped before it came"), None)
            raise self._noted(doubt, entry)
        if entry.is_sending:
            await submission.proven_unsent("stopped before it left", None)
        raise asyncio.CancelledError

    async def _patiently(self, posting: "asyncio.Task[Task]") -> None:
        """Until the answer is here, the grace is over, or a second signal insists."""
        seconds = f"{self._stop.grace:.0f} s"
        self._tell(Noticed(f"waiting up to {seconds} for the answer; stop again to give up"))
        insisted = asyncio.ensure_future(self._stop.insisted())
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({posting, insisted}, timeout=self._stop.grace, return_when=first)
        insisted.cancel()

    def _noted(self, doubt: SubmissionUnknown, entry: "OrderRecord") -> SubmissionUnknown:
        doubt.hints = [
            "it may have been charged once; piooy will not resend it automatically",
            Hint("history resolve", (entry.ref,), "to settle it: {}", RESOLUTIONS),
        ]
        self.in_doubt.append(doubt)
        self._doubts_in_a_row += 1
        if self._doubts_in_a_row >= MOST_DOUBTS or doubt.stops_all:
            self._closed = doubt
        return doubt
