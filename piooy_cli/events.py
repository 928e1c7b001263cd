"""What happens on the way, as data: the rooms below tell it, the writers in `output` show it."""

from collections.abc import Callable
from dataclasses import dataclass

from piooy_cli.errors import PiooyError
from piooy_cli.models import Asset, Order, SavedFile, Task


@dataclass(frozen=True, slots=True)
class Submitting:
    """An order is about to leave."""

    order: Order


@dataclass(frozen=True, slots=True)
class Submitted:
    """The service took the order; the task id exists."""

    task: Task


@dataclass(frozen=True, slots=True)
class Looking:
    """A task is about to be looked at for the first time."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """A task was looked at and is still running."""

    task: Task
    elapsed: float


@dataclass(frozen=True, slots=True)
class Settled:
    """A task succeeded."""

    task: Task


@dataclass(frozen=True, slots=True)
class Shown:
    """A task was read once, because somebody asked to see it."""

    task: Task


@dataclass(frozen=True, slots=True)
class Saving:
    """So many bytes of an asset have arrived; `total` is None while unknown."""

    task: Task
    asset: Asset
    received: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Saved:
    """A file is whole, verified and in its place."""

    file: SavedFile


@dataclass(frozen=True, slots=True)
class Retrying:
    """Something failed harmlessly and will be tried again after `pause` seconds."""

    what: str
    reason: str
    pause: float


@dataclass(frozen=True, slots=True)
class Noticed:
    """Worth a line to a person, not more."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Worth a line even to somebody in a hurry."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """One of several items failed; the others go on."""

    error: PiooyError


Event = (
    Submitting
    | Submitted
    | Looking
    | Progressed
    | Settled
    | Shown
    | Saving
    | Saved
    | Retrying
    | Noticed
    | Warned
    | Failed
)

Tell = Callable[[Event], None]
