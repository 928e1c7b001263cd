"""One method for each endpoint, with what may be retried and nothing else."""

import asyncio
import math
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from piooy_cli.api import schema
from piooy_cli.api.exceptions import AnswerLost, RequestFailed, RequestNotSent
from piooy_cli.api.http import AssetResponse, HttpClient
from piooy_cli.api.interpret import (
    Accepted,
    RetryLater,
    interpret_contact,
    interpret_task,
    unknown_error,
)
from piooy_cli.api.request_trace import RequestTrace
from piooy_cli.api.submission import Submission
from piooy_cli.concurrency.backoff import PauseGate, TokenBucket, full_jitter
from piooy_cli.concurrency.deadline import Deadline
from piooy_cli.concurrency.limits import Limits
from piooy_cli.domain.errors import (
    NotFound,
    OverLimit,
    PiooyError,
    SubmissionUnknown,
    TooSoon,
    Unreachable,
    UsageError,
)
from piooy_cli.domain.events import Retrying, Tell, Warned
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Order, Task

_BIGGEST_ORDER = 64 << 20
_MOMENT = 1.0  # after which is asked again whether anything may be sent
_READ_AGAIN = (
    "reading is free; run the same command again",
    Hint("config check", sentence="to check the connection: {}"),
)
_NOTHING_SENT = "nothing was sent, nothing charged; run it again when the network is back"


class ApiClient:
    """The service, as seen with one key."""

    def __init__(self, http: HttpClient, numbers: Limits, tell: Tell) -> None:
        self._http = http
        self._numbers = numbers
        self._tell = tell
        self._order_gate = PauseGate()
        self._look_gate = PauseGate()
        self._looks = TokenBucket(numbers.look_rate, numbers.look_burst)

    def prepare(self, order: Order) -> Submission:
        """The bytes of an order, or UsageError where no server would take them."""
        body = schema.order_to_json(order)
        if len(body) > _BIGGEST_ORDER:
            raise UsageError(
                f"the request has {len(body):,} bytes; at most {_BIGGEST_ORDER:,} are sent"
            )
        return Submission(order, body)

    async def generate(self, submission: Submission, patience: float) -> Task:
        """Hand the order over, once. Tries again only where nothing was sent, or after a 429."""
        deadline = Deadline(min(self._numbers.limit_budget, patience))
        unsent = limited = 0
        while True:
            if submission.stopped:
                raise asyncio.CancelledError
            try:
                verdict = await self._post(submission)
            except RequestNotSent as fault:
                unsent += 1
                if submission.stopped:
                    continue
                await self._after_unsent(fault, unsent, self._numbers.unsent_tries)
                continue
            if isinstance(verdict, Accepted):
                return self._accepted(submission.order, verdict)
            limited += 1
            if submission.stopped:
                continue
            if submission.seat and submission.seat.hopeful():
                limited, deadline = 1, Deadline(min(self._numbers.limit_budget, patience))
            most = self._numbers.limit_tries
            await self._again("submitting", verdict, limited, deadline, self._order_gate, most)
            if submission.seat:
                await submission.seat.yielded(submission.left_at)

    async def task(
        self,
        known: Task,
        *,
        refresh: str | None = None,
        deadline: Deadline | None = None,
        grace: Deadline | None = None,
    ) -> Task:
        """The task as it is now. Reading is free: it is retried a few times, or until `deadline`.

        What the service leaves out is filled in from what is `known`, whose own addresses are
        taken for no result. Within `grace` an unknown id is one that is not written down there yet.
        """
        task_id, until, tries, said = known.id, deadline, 0, 0
        while True:
            await self._turn(task_id, deadline)
            until = until or Deadline(self._numbers.get_whole)
            verdict = await self._look_until(until, task_id, refresh, grace)
            if not isinstance(verdict, RetryLater):
                self._looks.recover()
                return schema.task(verdict, self._http.base_url, known)
            tries += 1
            # A word is final when it comes again and again, not when it comes after other trouble.
            said = said + 1 if verdict.tries else 0
            if verdict.tries and said >= verdict.tries and deadline:
                raise _given_up(task_id, verdict, 0)
            if deadline and not deadline.passed:
                await self._look_later(task_id, verdict, tries, deadline)
            else:
                most = self._numbers.look_tries
                await self._again(task_id, verdict, tries, until, self._look_gate, most)

    async def _look_later(
        self, task_id: str, later: RetryLater, tries: int, deadline: Deadline
    ) -> None:
        """Pause before another look, which there is at the deadline at the latest."""
        pause = later.pause if later.pause is not None else self._jitter(later, tries)
        self._tell(Retrying(task_id, later.reason, pause))
        if later.limited:
            self._limited(self._look_gate, pause)
        else:
            await asyncio.sleep(min(pause, max(deadline.left, 0)))

    async def contact(self, email: str, content: str) -> None:
        """Send a message, once, without the key."""
        body, deadline = schema.contact_to_json(email, content), Deadline(self._numbers.get_whole)
        unsent = limited = 0
        while True:
            try:
                reply = await self._http.post("/api/v1/contact", body, RequestTrace(), signed=False)
            except RequestNotSent as fault:
                unsent += 1
                await self._after_unsent(fault, unsent, self._numbers.unsent_tries)
                continue
            except AnswerLost as fault:
                raise SubmissionUnknown(f"the message may have arrived: {fault.reason}") from fault
            if not (later := interpret_contact(reply)):
                return
            limited += 1
            most = self._numbers.look_tries
            await self._again("sending", later, limited, deadline, self._order_gate, most)

    def media(
        self, url: str, headers: Mapping[str, str], *, http: bool = False
    ) -> AbstractAsyncContextManager[AssetResponse]:
        """An asset as it arrives; the key stays here."""
        return self._http.media(url, headers, http=http)

    async def _post(self, submission: Submission) -> Accepted | RetryLater:
        await self._written_down(submission)
        submission.attempt = RequestTrace()
        submission.sent_at, submission.left_at = time.time(), time.monotonic()
        try:
            reply = await self._http.post("/api/v1/generate", submission.body, submission.attempt)
        except RequestNotSent as fault:
            await submission.proven_unsent(fault.reason, None)
            raise
        except AnswerLost as fault:
            raise await submission.in_doubt(unknown_error(fault.reason), None) from fault
        return await submission.judged(reply)

    async def _written_down(self, submission: Submission) -> None:
        """Return once the order is on disk, and may leave."""
        while True:
            await self._order_gate.passed()
            if submission.stopped:
                raise asyncio.CancelledError
            if error := submission.closed():
                raise error
            try:
                submission.journal.sending()
                return await submission.journal.kept()
            except TooSoon as early:
                self._tell(Retrying("submitting", early.reason, early.seconds))
                await asyncio.sleep(min(early.seconds, _MOMENT))

    async def _turn(self, task_id: str, deadline: Deadline | None) -> None:
        """Wait for a look's turn; whoever held one as the gate closed queues again."""
        until = deadline or Deadline(math.inf)
        while True:
            await self._look_gate.passed(until)
            if not await self._looks.take(until):
                raise Unreachable(f"{task_id}: its turn to be looked at did not come in time")
            if self._look_gate.is_open:
                return
            if until.passed:
                raise Unreachable(f"{task_id}: the service asks to wait")

    async def _look_until(
        self, until: Deadline, task_id: str, refresh: str | None, grace: Deadline | None
    ) -> dict[str, Any] | RetryLater:
        """A look that does not outlast the deadline by much, whatever the server does."""
        try:
            async with asyncio.timeout(max(until.left, self._numbers.last_look)):
                return await self._look(task_id, refresh, grace)
        except TimeoutError:
            return RetryLater("no answer in time")

    async def _look(
        self, task_id: str, refresh: str | None, grace: Deadline | None
    ) -> dict[str, Any] | RetryLater:
        params = {"refresh": refresh} if refresh else {}
        try:
            reply = await self._http.get(f"/api/v1/task/{task_id}", params)
            return interpret_task(reply, task_id)
        except RequestFailed as fault:
            if fault.final:
                error = Unreachable(self._unreached(fault), _READ_AGAIN)
                error.final = True
                raise error from fault
            return RetryLater(self._unreached(fault))
        except NotFound:
            if grace is None or grace.passed:
                raise
            return RetryLater("the task is not known yet")

    def _accepted(self, order: Order, verdict: Accepted) -> Task:
        if verdict.warning:
            self._tell(Warned(f"{verdict.task_id}: {verdict.warning}"))
        return Task(
            id=verdict.task_id,
            status=schema.status_word(verdict.data.get("status")),
            media=str(order.media),
            scene=order.scene,
            provider=order.provider,
            model=order.model,
            prompt=order.prompt,
            options=order.options,
            size=order.size,
            accepted_at=datetime.now(UTC),
        )

    async def _after_unsent(self, fault: RequestNotSent, tries: int, most: int) -> None:
        if fault.final or tries >= most:
            raise Unreachable(
                f"the API could not be reached: {fault.reason}", _NOTHING_SENT
            ) from fault
        n = self._numbers
        pause = full_jitter(tries, n.backoff_base, n.backoff_cap)
        self._tell(Retrying("connecting", fault.reason, pause))
        await asyncio.sleep(pause)

    async def _again(
        self, what: str, later: RetryLater, tries: int, deadline: Deadline, gate: PauseGate,
        most: int | None = None,
    ) -> None:  # fmt: skip
        """Pause before another try, or raise: out of tries, or out of time."""
        most = later.tries or most
        pause = later.pause if later.pause is not None else self._jitter(later, tries)
        if (most and tries >= most) or pause > max(deadline.left, 0.001) + 0.001:
            raise _given_up(what, later, pause)
        self._tell(Retrying(what, later.reason, pause))
        if later.limited:
            self._limited(gate, pause)
        else:
            await asyncio.sleep(pause)

    def _limited(self, gate: PauseGate, pause: float) -> None:
        """Nobody goes through for so long; looks come more slowly afterwards."""
        gate.close_for(pause)
        if gate is self._look_gate:
            self._looks.slower()

    def _unreached(self, fault: RequestFailed) -> str:
        return f"{urlsplit(self._http.base_url).netloc} did not answer: {fault.reason}"

    def _jitter(self, later: RetryLater, tries: int) -> float:
        n = self._numbers
        if later.limited:
            return full_jitter(tries, n.limit_base, n.limit_cap)
        return full_jitter(tries, n.backoff_base, n.backoff_cap)


def _given_up(what: str, later: RetryLater, pause: float) -> PiooyError:
    if later.limited:
        asks = f"; the server asks to wait {pause:.0f} s" if later.pause else ""
        return OverLimit(
            f"{what}: {later.reason}{asks}", "nothing new was charged; try again later"
        )
    return Unreachable(f"{what}: {later.reason}", _READ_AGAIN)
