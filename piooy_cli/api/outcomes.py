"""The five outcomes of POSTing an order, as `post_order` returns them."""

from typing import Any, NamedTuple

from piooy_cli.domain.errors import PiooyError


class Accepted(NamedTuple):
    """The service has the order. `warning`: how its response contradicts itself, if it does."""

    task_id: str
    data: dict[str, Any]
    http_status: int
    warning: str = ""


class RateLimited(NamedTuple):
    """The service did not accept the order: 429. `pause`: the seconds that it asks to wait."""

    reason: str
    pause: float | None = None
    http_status: int = 429


class Rejected(NamedTuple):
    """The service rejected the order, and nothing was charged. `error`: what to tell the user."""

    error: PiooyError
    http_status: int


class NotSent(NamedTuple):
    """No byte of the request left this machine. `final`: a retry cannot help."""

    reason: str
    final: bool = False
    cause: Exception | None = None


class OutcomeUnknown(NamedTuple):
    """The order may have been accepted; the response does not say."""

    reason: str
    http_status: int | None = None
    cause: Exception | None = None


Outcome = Accepted | RateLimited | Rejected | NotSent | OutcomeUnknown
