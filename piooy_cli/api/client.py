"""A method for each endpoint. Reads are retried here; an order is sent once."""

import asyncio
import math
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

from piooy_cli.api import schema
from piooy_cli.api.asset_client import AssetResponse
from piooy_cli.api.exceptions import AnswerLost, RequestFailed, RequestNotSent
from piooy_cli.api.http import HttpClient
from piooy_cli.api.interpret import (
    RetryLater,
    interpret_contact,
    interpret_order,
    interpret_task,
)
from piooy_cli.api.outcomes import NotSent, Outcome, OutcomeUnknown
from piooy_cli.api.request_trace import RequestTrace
from piooy_cli.concurrency.backoff import Deadline, PauseGate, TokenBucket, full_jitter
from piooy_cli.concurrency.limits import Limits
from piooy_cli.config.urls import PUBLIC_ONLY, AssetHosts
from piooy_cli.domain.errors import (
    NotFound,
    OverLimit,
    PiooyError,
    SubmissionUnknown,
    Unreachable,
    UsageError,
)
from piooy_cli.domain.events import Retrying, Tell
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Order, Task

_BIGGEST_ORDER = 64 << 20
_READ_AGAIN = (
    "reading is free; run the same command again",
    Hint("config check", sentence="to check the connection: {}"),
)
_NOTHING_SENT = "nothing was sent, nothing charged; run it again when the network is back"


class ApiClient:
    """The service, used with one key."""

    def __init__(self, http: HttpClient, limits: Limits, tell: Tell) -> None:
        self._http = http
        self._limits = limits
        self._tell = tell
        self._contact_gate = PauseGate()
        self._poll_gate = PauseGate()
        self._poll_bucket = TokenBucket(limits.poll_rate, limits.poll_burst)

    def encode_order(self, order: Order) -> bytes:
        """Return the body of the POST. Raises UsageError if no server would accept its size."""
        body = schema.order_to_json(order)
        if len(body) > _BIGGEST_ORDER:
            raise UsageError(
                f"the request has {len(body):,} bytes; the limit is {_BIGGEST_ORDER:,}"
            )
        return body

    async def post_order(self, body: bytes, trace: RequestTrace) -> Outcome:
        """Send an order, once, and return its outcome. `trace` records how far it got."""
        try:
            response = await self._http.post("/api/v1/generate", body, trace)
        except RequestNotSent as error:
            return NotSent(error.reason, error.final, error)
        except AnswerLost as error:
            return OutcomeUnknown(error.reason, None, error)
        return interpret_order(response)

    async def task(
        self,
        known: Task,
        *,
        refresh: str | None = None,
        deadline: Deadline | None = None,
        grace: Deadline | None = None,
    ) -> Task:
        """Read the task's present state. Reading is free: it is retried, at most until `deadline`.

        What the service leaves out is filled in from what is `known`, whose own URLs are never
        taken for a result. Within `grace` an unknown id counts as not yet stored by the service.
        """
        task_id, until, tries, repeated = known.id, deadline, 0, 0
        while True:
            await self._wait_for_turn(task_id, deadline)
            until = until or Deadline(self._limits.get_whole)
            answer = await self._poll_until(until, task_id, refresh, grace)
            if not isinstance(answer, RetryLater):
                self._poll_bucket.recover()
                return schema.task_from_json(answer, self._http.base_url, known)
            tries += 1
            # A refusal is final when it is repeated, not when it follows other failures.
            repeated = repeated + 1 if answer.tries else 0
            if answer.tries and repeated >= answer.tries and deadline:
                raise _given_up(task_id, answer, 0)
            if deadline and not deadline.passed:
                await self._pause_poll(task_id, answer, tries, deadline)
            else:
                most = self._limits.poll_tries
                await self._again(task_id, answer, tries, until, self._poll_gate, most)

    async def _pause_poll(
        self, task_id: str, later: RetryLater, tries: int, deadline: Deadline
    ) -> None:
        """Sleep before the next poll; the last one is at the deadline."""
        pause = later.pause if later.pause is not None else self._jitter(later, tries)
        self._tell(Retrying(task_id, later.reason, pause))
        if later.limited:
            self._limited(self._poll_gate, pause)
        else:
            await asyncio.sleep(min(pause, max(deadline.left, 0)))

    async def contact(self, email: str, content: str) -> None:
        """Send a message, once, without the key."""
        body, deadline = schema.contact_to_json(email, content), Deadline(self._limits.get_whole)
        unsent = limited = 0
        while True:
            try:
                reply = await self._http.post("/api/v1/contact", body, RequestTrace(), signed=False)
            except RequestNotSent as error:
                unsent += 1
                await self._after_unsent(error, unsent, self._limits.unsent_tries)
                continue
            except AnswerLost as error:
                raise SubmissionUnknown(f"the message may have arrived: {error.reason}") from error
            if not (later := interpret_contact(reply)):
                return
            limited += 1
            most = self._limits.poll_tries
            await self._again("sending", later, limited, deadline, self._contact_gate, most)

    def open_asset(
        self, url: str, headers: Mapping[str, str], hosts: AssetHosts = PUBLIC_ONLY
    ) -> AbstractAsyncContextManager[AssetResponse]:
        """Open the response with an asset's bytes. The key is not sent."""
        return self._http.open_asset(url, headers, hosts)

    async def _wait_for_turn(self, task_id: str, deadline: Deadline | None) -> None:
        """Wait until this task may be polled; if the gate closed meanwhile, queue again."""
        until = deadline or Deadline(math.inf)
        while True:
            await self._poll_gate.passed(until)
            if not await self._poll_bucket.take(until):
                raise Unreachable(f"{task_id}: timed out waiting to poll")
            if self._poll_gate.is_open:
                return
            if until.passed:
                raise Unreachable(f"{task_id}: the service asks to wait longer")

    async def _poll_until(
        self, until: Deadline, task_id: str, refresh: str | None, grace: Deadline | None
    ) -> dict[str, Any] | RetryLater:
        """Poll once; whatever the server does, it ends soon after the deadline."""
        try:
            async with asyncio.timeout(max(until.left, self._limits.last_poll)):
                return await self._poll(task_id, refresh, grace)
        except TimeoutError:
            return RetryLater("no response in time")

    async def _poll(
        self, task_id: str, refresh: str | None, grace: Deadline | None
    ) -> dict[str, Any] | RetryLater:
        params = {"refresh": refresh} if refresh else {}
        try:
            reply = await self._http.get(f"/api/v1/task/{task_id}", params)
            return interpret_task(reply, task_id)
        except RequestFailed as failed:
            if failed.final:
                error = Unreachable(self._unreached(failed), _READ_AGAIN)
                error.final = True
                raise error from failed
            return RetryLater(self._unreached(failed))
        except NotFound:
            if grace is None or grace.passed:
                raise
            return RetryLater("the service does not know the task yet")

    async def _after_unsent(self, error: RequestNotSent, tries: int, most: int) -> None:
        if error.final or tries >= most:
            raise Unreachable(
                f"the API could not be reached: {error.reason}", _NOTHING_SENT
            ) from error
        n = self._limits
        pause = full_jitter(tries, n.backoff_base, n.backoff_cap)
        self._tell(Retrying("connecting", error.reason, pause))
        await asyncio.sleep(pause)

    async def _again(
        self, what: str, later: RetryLater, tries: int, deadline: Deadline, gate: PauseGate,
        most: int | None = None,
    ) -> None:  # fmt: skip
        """Sleep before another try; raise if there are no more tries or no more time."""
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
        """Close the gate for `pause` seconds; polls are spaced more widely afterwards."""
        gate.close_for(pause)
        if gate is self._poll_gate:
            self._poll_bucket.slower()

    def _unreached(self, error: RequestFailed) -> str:
        return f"{urlsplit(self._http.base_url).netloc} did not respond: {error.reason}"

    def _jitter(self, later: RetryLater, tries: int) -> float:
        n = self._limits
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
