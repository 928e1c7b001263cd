"""What happens during a run, as data: `tasks` and `downloads` emit it, `output` shows it.

They are named tuples, since a dataclass costs seven times as much at start-up.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.expectation import Expectation
from piooy_cli.domain.models import Asset, Order, SavedFile, Task


class Submitting(NamedTuple):
    """An order is about to be sent."""

    order: Order


class Submitted(NamedTuple):
    """The service accepted the order; the task id exists."""

    task: Task


class PollStarted(NamedTuple):
    """A task is about to be polled for the first time. `age`: seconds that it has run."""

    task_id: str
    age: float = 0
    expected: Expectation | None = None


class Progressed(NamedTuple):
    """A task was polled and is still running."""

    task: Task
    elapsed: float


class Settled(NamedTuple):
    """A task succeeded."""

    task: Task


class InputSettled(NamedTuple):
    """A task succeeded whose result is the input of an order; it is no result of this run."""

    task: Task


class Shown(NamedTuple):
    """A task was read once, because the user asked for it. `files`: its files on this disk."""

    task: Task
    files: Sequence[SavedFile] = ()


class Saving(NamedTuple):
    """Some bytes of an asset have arrived; `total` is None while unknown."""

    task: Task
    asset: Asset
    received: int
    total: int | None


class Saved(NamedTuple):
    """A file is whole, verified and in its place."""

    file: SavedFile


class Fetching(NamedTuple):
    """The files of a task are about to be saved."""

    task: Task


class Fetched(NamedTuple):
    """All files of a task were saved or have failed."""

    task: Task


class Retrying(NamedTuple):
    """Something failed harmlessly and will be tried again after `pause` seconds."""

    what: str
    reason: str
    pause: float


class Noticed(NamedTuple):
    """Something that the user may want to know."""

    text: str


class Warned(NamedTuple):
    """Something that the user should know even with --quiet."""

    text: str


class Failed(NamedTuple):
    """One of several items failed; the others go on."""

    error: PiooyError


class BatchProgress(NamedTuple):
    """The progress of a batch: rows by outcome. `sent`: orders of this run that were accepted.

    `sending`, `waiting`, `saving`: in progress now; `pending`: left for the next run; `rate`: rows
    per second; `left`: estimated seconds; `closed`: why no more orders are sent.
    """

    name: str
    rows: int
    done: int = 0
    failed: int = 0
    in_doubt: int = 0
    pending: int = 0
    sent: int = 0
    sending: int = 0
    waiting: int = 0
    saving: int = 0
    reasons: Sequence[tuple[str, int]] = ()
    elapsed: float = 0
    rate: float | None = None
    left: float | None = None
    closed: str = ""


Event = (
    Submitting
    | Submitted
    | PollStarted
    | Progressed
    | Settled
    | InputSettled
    | Shown
    | Saving
    | Saved
    | Fetching
    | Fetched
    | Retrying
    | Noticed
    | Warned
    | Failed
    | BatchProgress
)

Tell = Callable[[Event], None]
