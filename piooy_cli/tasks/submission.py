"""One order while it is submitted: how far its request got, and what the ledger records of it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from piooy_cli.api.outcomes import (
    Accepted,
    NotSent,
    Outcome,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from piooy_cli.api.request_trace import RequestTrace
from piooy_cli.concurrency.adaptive_limit import Slot
from piooy_cli.domain.errors import (
    Busy,
    NotSignedIn,
    OverLimit,
    StorageRefused,
    SubmissionUnknown,
)
from piooy_cli.domain.hints import RESOLUTIONS, Hint
from piooy_cli.domain.models import Order

if TYPE_CHECKING:
    from piooy_cli.ledger.store import OrderRecord


class Submission:
    """The state of one order between `plan` and its outcome. Only this module writes the record."""

    def __init__(
        self,
        order: Order,
        body: bytes,
        record: "OrderRecord",
        slot: Slot | None,
        on_recorded: Callable[[str], None] | None = None,
    ) -> None:
        self.order = order
        self.body = body
        self.slot = slot
        self.stopped = False  # once set, nothing more is sent
        self.trace = RequestTrace()
        self.left_at = 0.0  # monotonic, to compare orders with each other
        self._sent_at = time.time()  # wall clock, to compare with the list of charges
        self._record = record
        self._on_recorded = on_recorded

    @property
    def ref(self) -> str:
        """The reference to an order that has no task."""
        return self._record.ref

    @property
    def may_have_arrived(self) -> bool:
        """Whether a byte of the request may have left this machine."""
        return self.trace.sent

    @property
    def is_undecided(self) -> bool:
        """Whether the ledger still says SENDING."""
        return self._record.is_sending

    def check_stopped(self) -> None:
        """Raise CancelledError if the run was stopped."""
        if self.stopped:
            raise asyncio.CancelledError

    async def mark_sending(self) -> None:
        """Return once the order is on disk as SENDING. Where this raises, nothing may be sent."""
        self._record.mark_sending()
        await self._record.flush()
        if self._on_recorded:
            self._on_recorded(self.ref)
        self.trace = RequestTrace()
        self._sent_at, self.left_at = time.time(), time.monotonic()

    async def record(self, outcome: Outcome) -> None:
        """Return once the outcome is on disk. Raise what the order ends with, if it ends."""
        match outcome:
            case Accepted(task_id, _, http_status):
                self._record.accept(task_id, http_status)
                await self._record.flush()
            case RateLimited(reason, _, http_status):
                self.trace = RequestTrace()  # the service does not have it
                await self.record_unsent(reason, http_status)
            case NotSent(reason):
                await self.record_unsent(reason, None)
            case Rejected():
                await self._record_rejection(outcome)
            case OutcomeUnknown(reason, http_status, cause):
                raise await self.record_unknown(reason, http_status) from cause

    async def record_unsent(self, reason: str, http_status: int | None) -> None:
        """Record that the order was not accepted: PLANNED again. A failure stops everything."""
        try:
            self._record.mark_unsent(reason, http_status)
            await self._record.flush()
        except (StorageRefused, Busy) as trouble:
            trouble.stops_all = True
            raise

    async def record_unknown(
        self, reason: str, http_status: int | None = None
    ) -> SubmissionUnknown:
        """Record the order as UNKNOWN; return the error. If that fails, everything stops."""
        error = self._unknown_error(reason)
        try:
            self._record.mark_unknown(error.message, http_status)
            await self._record.flush()
        except (StorageRefused, Busy) as trouble:
            error.message += f"; it could not be recorded: {trouble.message}"
            error.stops_all = True
        return error

    async def _record_rejection(self, rejected: Rejected) -> None:
        """Handle a refused key or an empty account: the order itself may be sent later."""
        error = rejected.error
        keeps_order = isinstance(error, NotSignedIn | OverLimit)
        write = self._record.mark_unsent if keeps_order else self._record.reject
        with suppress(StorageRefused, Busy):  # the refusal holds, recorded or not
            write(error.message, rejected.http_status)
            await self._record.flush()
        raise error

    def _unknown_error(self, reason: str) -> SubmissionUnknown:
        between = f"(sent between {_timestamp(self._sent_at)} and {_timestamp(time.time())})"
        what = "the request may have been accepted, but its response was lost"
        return SubmissionUnknown(f"{what}: {reason} {between}", self.unknown_hints)

    @property
    def unknown_hints(self) -> list[str | Hint]:
        """Return what the user can do about an order whose outcome is unknown."""
        return [
            "it may have been charged once; piooy will not resend it automatically",
            Hint("history resolve", (self.ref,), "to resolve it: {}", RESOLUTIONS),
        ]


def _timestamp(seconds: float) -> str:
    """Format a time like the list of charges in the user's account."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
