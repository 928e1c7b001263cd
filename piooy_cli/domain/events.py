"""What happens on the way, as data: the rooms below tell it, the writers in `output` show it.

Named tuples: seven of them cost at start-up what one dataclass does.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.expectation import Expectation
from piooy_cli.domain.models import Asset, Order, SavedFile, Task


class Submitting(NamedTuple):
    """An order is about to leave."""

    order: Order


class Submitted(NamedTuple):
    """The service took the order; the task id exists."""

    task: Task


class PollStarted(NamedTuple):
    """A task is about to be looked at for the first time. `age`: seconds that it has run so far."""

    task_id: str
    age: float = 0
    expected: Expectation | None = None


class Progressed(NamedTuple):
    """A task was looked at and is still running."""

    task: Task
    elapsed: float


class Settled(NamedTuple):
    """A task succeeded."""

    task: Task


class Shown(NamedTuple):
    """A task was read once, because somebody asked to see it; `files`: those of it on this disk."""

    task: Task
    files: Sequence[SavedFile] = ()


class Saving(NamedTuple):
    """So many bytes of an asset have arrived; `total` is None while unknown."""

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
    """Nothing more of this task is under way, whatever became of its files."""

    task: Task


class Retrying(NamedTuple):
    """Something failed harmlessly and will be tried again after `pause` seconds."""

    what: str
    reason: str
    pause: float


class Noticed(NamedTuple):
    """Worth a line to a person, not more."""

    text: str


class Warned(NamedTuple):
    """Worth a line even to somebody in a hurry."""

    text: str


class Failed(NamedTuple):
    """One of several items failed; the others go on."""

    error: PiooyError


class BatchProgress(NamedTuple):
    """How a batch stands: rows by what became of them. `sent`: orders of this run that were taken.

    `sending`, `waiting`, `saving`: under way now; `pending`: given up for now, and free to go on
    with; `rate`: rows a second; `left`: seconds, as far as known; `closed`: why no more is sent.
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
