"""One order on its way: its bytes, how far it got, and who keeps the journal of it."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from piooy_cli.api.interpret import Accepted, RetryLater, interpret_order
from piooy_cli.api.order_log import OrderLog
from piooy_cli.api.request_trace import RequestTrace
from piooy_cli.api.response import Response
from piooy_cli.concurrency.adaptive_limit import Slot
from piooy_cli.domain.errors import (
    Busy,
    NotSignedIn,
    OverLimit,
    PiooyError,
    StorageRefused,
    SubmissionUnknown,
)
from piooy_cli.domain.models import Order


class Submission:
    """One order on its way, and how far it got: a person who stops us needs to be told."""

    def __init__(self, order: Order, body: bytes) -> None:
        self.order = order
        self.body = body
        self.journal: OrderLog = _Unrecorded()
        self.attempt = RequestTrace()
        self.sent_at = time.time()  # for a person
        self.left_at = 0.0  # for comparing: monotonic
        self.stopped = False  # True: what is not sent yet is not sent any more
        self.closed: Callable[[], PiooyError | None] = lambda: None  # why no more is sent, if so
        self.seat: Slot | None = None  # where it shares a window with others

    @property
    def may_have_arrived(self) -> bool:
        """Whether the service may have it, as far as anybody here can know."""
        return self.attempt.sent

    async def judged(self, reply: Response) -> Accepted | RetryLater:
        """What the answer means, once that is on disk."""
        try:
            verdict = interpret_order(reply)
        except SubmissionUnknown as doubt:
            raise await self.in_doubt(doubt, reply.status) from None
        except PiooyError as error:
            # Of a key or an empty account, and not of the order, which may be sent again later.
            halted = isinstance(error, NotSignedIn | OverLimit)
            word = self.journal.not_sent if halted else self.journal.refused
            with suppress(StorageRefused, Busy):  # what the service said holds all the same
                word(error.message, reply.status)
                await self.journal.kept()
            raise
        if isinstance(verdict, RetryLater):
            self.attempt = RequestTrace()
            await self.proven_unsent(verdict.reason, reply.status)
        else:
            self.journal.accepted(verdict.task_id, reply.status)
            await self.journal.kept()
        return verdict

    async def in_doubt(
        self, doubt: SubmissionUnknown, http_status: int | None
    ) -> SubmissionUnknown:
        """The doubt, recorded; where that fails it is one all the same, and no more is sent."""
        doubt.message += f" (sent between {_clock(self.sent_at)} and {_clock(time.time())})"
        try:
            self.journal.unknown(doubt.message, http_status)
            await self.journal.kept()
        except (StorageRefused, Busy) as trouble:
            doubt.message += f"; it could not be recorded: {trouble.message}"
            doubt.stops_all = True
        return doubt

    async def proven_unsent(self, reason: str, http_status: int | None) -> None:
        """Nothing was executed. Where that cannot be recorded, nothing more is sent."""
        try:
            self.journal.not_sent(reason, http_status)
            await self.journal.kept()
        except (StorageRefused, Busy) as trouble:
            trouble.stops_all = True
            raise


def _clock(seconds: float) -> str:
    """A moment as an account's list of charges would show it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Unrecorded:
    """For orders that nobody keeps a ledger of."""

    async def kept(self) -> None:
        """Not kept."""

    def sending(self) -> None:
        """Not kept."""

    def not_sent(self, reason: str, http_status: int | None) -> None:
        """Not kept."""

    refused = unknown = accepted = not_sent
