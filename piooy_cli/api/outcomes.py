"""What became of one POST of an order: the five outcomes that `post_order` returns."""

from typing import Any, NamedTuple

from piooy_cli.domain.errors import PiooyError


class Accepted(NamedTuple):
    """The service has the order. `warning`: how its answer contradicted itself, if it did."""

    task_id: str
    data: dict[str, Any]
    http_status: int
    warning: str = ""


class RateLimited(NamedTuple):
    """The service did not take the order: 429. `pause`: the seconds that it asks to wait."""

    reason: str
    pause: float | None = None
    http_status: int = 429


class Rejected(NamedTuple):
    """The service refused, and nothing was charged. `error` is what the user has to know."""

    error: PiooyError
    http_status: int


class NotSent(NamedTuple):
    """No byte of the request left this machine. `final`: a later try cannot help."""

    reason: str
    final: bool = False
    cause: Exception | None = None


class OutcomeUnknown(NamedTuple):
    """The order may have been accepted, and the answer does not say."""

    reason: str
    http_status: int | None = None
    cause: Exception | None = None


Outcome = Accepted | RateLimited | Rejected | NotSent | OutcomeUnknown
