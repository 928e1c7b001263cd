"""Submitting orders, each at most once: PLANNED, SENDING, POST, outcome, in this order on disk."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from piooy_cli.api.client import ApiClient
from piooy_cli.api.outcomes import Accepted, NotSent, RateLimited
from piooy_cli.api.schema import status_word
from piooy_cli.concurrency.adaptive_limit import Slot
from piooy_cli.concurrency.backoff import Deadline, PauseGate, full_jitter
from piooy_cli.concurrency.limits import Limits
from piooy_cli.concurrency.signals import StopSignal
from piooy_cli.domain.errors import (
    Busy,
    NotSignedIn,
    OverLimit,
    PiooyError,
    StorageRefused,
    SubmissionUnknown,
    TooSoon,
    Unreachable,
)
from piooy_cli.domain.events import Noticed, Retrying, Submitted, Submitting, Tell, Warned
from piooy_cli.domain.models import Order, RowKey, Task
from piooy_cli.tasks.input_resolver import InputResolver
from piooy_cli.tasks.submission import Submission

if TYPE_CHECKING:
    from piooy_cli.ledger.store import TaskStore

MOST_UNKNOWN_IN_A_ROW = 5
_AT_ONCE = 8  # orders that are sent at the same time
_SPENDING_PAUSE = 1.0  # seconds after which the spending limits are asked again, at most


class Submitter:
    """Sends orders, and remembers which of them have an unknown outcome.

    After a refused key, an empty account, or five unknown outcomes in a row it sends nothing more,
    so that the money at risk is bounded. Accepted orders are added to `submitted`, by task id.
    """

    def __init__(
        self, api: ApiClient, store: "TaskStore", stop: StopSignal, tell: Tell, limits: Limits,
        timeout: float, submitted: dict[str, Task], inputs: InputResolver,
    ) -> None:  # fmt: skip
        self._api = api
        self._store = store
        self._stop = stop
        self._inputs = inputs
        self._tell = tell
        self._limits = limits
        self._budget = min(limits.limit_budget, timeout)
        self._gate = PauseGate()
        self._sending = asyncio.Semaphore(_AT_ONCE)
        self._closed: PiooyError | None = None
        self._unknown_in_a_row = 0
        self.unknown: list[SubmissionUnknown] = []
        self._submitted = submitted

    @property
    def closed(self) -> PiooyError | None:
        """Why nothing more is sent; None while orders are sent."""
        return self._closed

    def close(self, why: PiooyError) -> None:
        """Send nothing more. Orders in progress are not affected."""
        self._closed = self._closed or why

    async def submit(
        self,
        order: Order,
        row: RowKey | None = None,
        slot: Slot | None = None,
        on_recorded: Callable[[str], None] | None = None,
    ) -> Task:
        """Send the order, once. When the run is stopped, a response that is due is waited for.

        `on_recorded` is called with the order's reference, once it is on disk and before it leaves.
        """
        order, inputs = await self._inputs.resolved(order)
        body = self._api.encode_order(order)
        async with self._sending:
            if self._closed:
                raise self._closed
            record = self._store.plan(order, body, row, inputs)
            submission = Submission(order, body, record, slot, on_recorded)
            self._tell(Submitting(order))
            return await self._shielded(submission)

    async def _shielded(self, submission: Submission) -> Task:
        """Send in a task of its own: a signal cancels the wait, not the request."""
        posting = asyncio.create_task(self._until_accepted(submission))
        try:
            task = await asyncio.shield(posting)
        except asyncio.CancelledError:
            self._accepted(await self._within_grace(posting, submission))
            raise
        except SubmissionUnknown as unknown:
            if unknown is not self._closed:  # else it is another order's, and this one never left
                self._note(unknown, submission)
            raise
        except (NotSignedIn, OverLimit, StorageRefused, Busy) as error:
            self.close(error)
            raise
        return self._accepted(task)

    async def _until_accepted(self, submission: Submission) -> Task:
        """POST until the order is accepted; retry only if nothing was sent, or after a 429."""
        deadline = Deadline(self._budget)
        unsent = limited = 0
        while True:
            await self._mark_sending(submission)
            outcome = await self._api.post_order(submission.body, submission.trace)
            await submission.record(outcome)
            match outcome:
                case Accepted():
                    return self._task(submission.order, outcome)
                case NotSent():
                    unsent += 1
                    await self._pause_unsent(submission, outcome, unsent)
                case RateLimited():
                    limited += 1
                    if submission.slot and submission.slot.may_progress():
                        limited, deadline = 1, Deadline(self._budget)
                    await self._pause_limited(submission, outcome, limited, deadline)

    async def _mark_sending(self, submission: Submission) -> None:
        """Return once the order is on disk and may leave."""
        while True:
            submission.check_stopped()
            await self._gate.passed()
            submission.check_stopped()
            if self._closed:
                raise self._closed
            try:
                return await submission.mark_sending()
            except TooSoon as early:
                self._tell(Retrying("submitting", early.reason, early.seconds))
                await asyncio.sleep(min(early.seconds, _SPENDING_PAUSE))

    async def _pause_unsent(self, submission: Submission, outcome: NotSent, tries: int) -> None:
        if submission.stopped:
            return
        if outcome.final or tries >= self._limits.unsent_tries:
            hint = "nothing was sent, nothing charged; run it again when the network is back"
            message = f"the API could not be reached: {outcome.reason}"
            raise Unreachable(message, hint) from outcome.cause
        pause = full_jitter(tries, self._limits.backoff_base, self._limits.backoff_cap)
        self._tell(Retrying("connecting", outcome.reason, pause))
        await asyncio.sleep(pause)

    async def _pause_limited(
        self, submission: Submission, outcome: RateLimited, tries: int, deadline: Deadline
    ) -> None:
        """Pause all sending for a while; in a batch, other rows go first afterwards."""
        if submission.stopped:
            return
        pause = outcome.pause
        if pause is None:
            pause = full_jitter(tries, self._limits.limit_base, self._limits.limit_cap)
        if tries >= self._limits.limit_tries or pause > max(deadline.left, 0.001) + 0.001:
            asks = f"; the server asks to wait {pause:.0f} s" if outcome.pause else ""
            message = f"submitting: {outcome.reason}{asks}"
            raise OverLimit(message, "nothing new was charged; try again later")
        self._tell(Retrying("submitting", outcome.reason, pause))
        self._gate.close_for(pause)
        if submission.slot:
            await submission.slot.requeue(submission.left_at)

    def _task(self, order: Order, accepted: Accepted) -> Task:
        if accepted.warning:
            self._tell(Warned(f"{accepted.task_id}: {accepted.warning}"))
        return Task(
            id=accepted.task_id,
            status=status_word(accepted.data.get("status")),
            media=str(order.media),
            scene=order.scene,
            provider=order.provider,
            model=order.model,
            prompt=order.prompt,
            options=order.options,
            tags=order.tags,
            size=order.size,
            accepted_at=datetime.now(UTC),
        )

    def _accepted(self, task: Task) -> Task:
        self._unknown_in_a_row = 0
        self._submitted[task.id] = task
        self._tell(Submitted(task))
        return task

    async def _within_grace(self, posting: "asyncio.Task[Task]", submission: Submission) -> Task:
        """Return the response if it comes in time. Raises CancelledError if nothing was sent."""
        submission.stopped = True
        if submission.may_have_arrived:
            await self._wait_for_answer(posting)
        if posting.done() and not posting.cancelled():
            error = posting.exception()
            if isinstance(error, SubmissionUnknown) and error is not self._closed:
                raise self._note(error, submission)
            return posting.result()
        posting.cancel()
        await asyncio.wait({posting})
        if submission.is_undecided and submission.may_have_arrived:
            unknown = await submission.record_unknown("stopped before it came")
            raise self._note(unknown, submission)
        if submission.is_undecided:
            await submission.record_unsent("stopped before it left", None)
        raise asyncio.CancelledError

    async def _wait_for_answer(self, posting: "asyncio.Task[Task]") -> None:
        """Wait for the response, the end of the grace period, or a second signal."""
        seconds = f"{self._stop.grace:.0f} s"
        self._tell(
            Noticed(f"waiting up to {seconds} for the response; press Ctrl-C again to give up")
        )
        insisted = asyncio.ensure_future(self._stop.insisted())
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({posting, insisted}, timeout=self._stop.grace, return_when=first)
        insisted.cancel()

    def _note(self, unknown: SubmissionUnknown, submission: Submission) -> SubmissionUnknown:
        unknown.hints = submission.unknown_hints
        self.unknown.append(unknown)
        self._unknown_in_a_row += 1
        if self._unknown_in_a_row >= MOST_UNKNOWN_IN_A_ROW or unknown.stops_all:
            self._closed = unknown
        return unknown
