"""What an order store hands out: orders with their files, rows of a batch, damaged files. Pure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from piooy_cli.domain.models import OrderState, SavedFile, Task

if TYPE_CHECKING:
    from piooy_cli.domain.tags import TagFilter


class OrderFilters(NamedTuple):
    """Which orders to list; `since` is in seconds before now. All `tags` have to match.

    `short`: only those with a file that is not as ordered.
    """

    status: str | None = None
    model: str | None = None
    media: str | None = None
    since: float | None = None
    search: str | None = None
    unsaved: bool = False
    unknown: bool = False
    batch: str | None = None
    tags: "Sequence[TagFilter]" = ()
    limit: int | None = None
    short: bool = False


class StoredOrder(NamedTuple):
    """An order as a task, and those of its files that were saved on this disk."""

    task: Task
    files: Sequence[SavedFile]


class InputLink(NamedTuple):
    """Asset `n` of the task `parent`, as an input of the order `child` (a task id or `@row:N`).

    `option` and `place`: where it stands in the child's options.
    """

    parent: str
    n: int
    option: str
    place: int
    child: str


class TagChanges(NamedTuple):
    """How many orders a change of tags was asked for, and of how many it changed each tag."""

    orders: int
    changed: Mapping[str, int]


class OrderDetails(NamedTuple):
    """Everything that is known about one order. `digest`: the SHA-256 of the request's body."""

    number: int
    state: OrderState
    digest: str | None
    task: Task
    files: Sequence[SavedFile]
    attempts: Sequence[Mapping[str, Any]]
    decisions: Sequence[Mapping[str, Any]]
    inputs: Sequence[InputLink] = ()

    @property
    def ref(self) -> str:
        """The reference that names this order, whether it has a task or not."""
        return f"@row:{self.number}"


class RowOrder(NamedTuple):
    """The newest order of a batch's row. `task`: as far as known; `spec`: the row's digest."""

    state: OrderState
    attempt: int
    spec: bytes
    task: Task


class SentRow(NamedTuple):
    """A row that was sent: its key, the digest of its request, and the order's reference."""

    key: str
    spec: bytes
    ref: str


class DamagedFile(NamedTuple):
    """A saved file that is missing or has changed."""

    task_id: str
    n: int
    path: Path
    bytes: int
    sha256: str
    problem: str
