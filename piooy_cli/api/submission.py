"""One order on its way: its bytes, how far it got, and who keeps the journal of it."""

from piooy_cli.api.attempt import Attempt
from piooy_cli.api.journal import Journal
from piooy_cli.api.reply import Reply
from piooy_cli.api.verdicts import Accepted, Later, judge_order
from piooy_cli.errors import OutcomeUnknown, PiooyError
from piooy_cli.models import Order


class Submission:
    """One order on its way, and how far it got: a person who stops us needs to be told."""

    def __init__(self, order: Order, body: bytes) -> None:
        self.order = order
        self.body = body
        self.journal: Journal = _Unrecorded()
        self.attempt = Attempt()
        self.stopped = False  # True: what is not sent yet is not sent any more

    @property
    def may_have_arrived(self) -> bool:
        """Whether the service may have it, as far as anybody here can know."""
        return self.attempt.sent

    def judged(self, reply: Reply) -> Accepted | Later:
        """What the answer means, once that is on disk."""
        try:
            verdict = judge_order(reply)
        except OutcomeUnknown as doubt:
            self.journal.unknown(doubt.message, reply.status)
            raise
        except PiooyError as error:
            self.journal.refused(error.message, reply.status)
            raise
        if isinstance(verdict, Later):
            self.attempt = Attempt()
            self.journal.not_sent(verdict.reason, reply.status)
        else:
            self.journal.accepted(verdict.task_id, reply.status)
        return verdict


class _Unrecorded:
    """For orders that nobody keeps a ledger of."""

    def sending(self) -> None:
        """Not kept."""

    def not_sent(self, reason: str, http_status: int | None) -> None:
        """Not kept."""

    refused = unknown = accepted = not_sent
