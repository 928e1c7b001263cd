"""A task store that may fail: reading and recording continue without it, sending does not."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from piooy_cli.domain.errors import Busy, PiooyError, StorageRefused
from piooy_cli.domain.events import Tell, Warned
from piooy_cli.domain.inputs import OrderInput
from piooy_cli.domain.models import Order, ResumeInfo, RowKey, SavedFile, Task

if TYPE_CHECKING:
    from piooy_cli.ledger.store import OrderRecord, OrderStore

T = TypeVar("T")


class BestEffortStore:
    """Decorates a store, or stands for one that could not be opened because of `trouble`.

    A running task is not lost if it cannot be recorded: its id is known already. The first failure
    is reported, and the work continues.
    """

    def __init__(self, store: "OrderStore | None", tell: Tell, trouble: PiooyError | None = None):
        self._store = store
        self._trouble = trouble
        self._tell = tell
        self._warned = False
        if store:
            store.on_commit_failed(self._warn)

    @property
    def is_available(self) -> bool:
        """Whether there is a store."""
        return self._store is not None

    def require(self) -> "OrderStore":
        """The store itself. Raises the error that it could not be opened with."""
        if self._store is None:
            raise self._trouble or StorageRefused("the ledger cannot be used")
        return self._store

    def plan(
        self,
        order: Order,
        body: bytes,
        row: RowKey | None = None,
        inputs: Sequence[OrderInput] = (),
    ) -> "OrderRecord":
        """Return the record of an order; what cannot be recorded is not sent."""
        return self.require().plan(order, body, row, inputs)

    def resolve_ref(self, ref: str) -> list[str]:
        """Return the task ids that a reference stands for; without a store, an id is one."""
        return self.require().resolve_ref(ref) if self._store or ref.startswith("@") else [ref]

    def find(self, task_id: str) -> Task | None:
        """Return what is known about a task."""
        return self._attempt(lambda store: store.find(task_id), None)

    def durations(self, task: Task) -> list[float]:
        """Return the durations of the last similar runs, in seconds."""
        return self._attempt(lambda store: store.durations(task), [])

    def observe(self, task: Task) -> None:
        """Record the status of a task."""
        self._attempt(lambda store: store.observe(task), None)

    def record_file(self, file: SavedFile) -> None:
        """Record where an asset was saved."""
        self._attempt(lambda store: store.record_file(file), None)

    def saved_file(self, task_id: str, n: int) -> tuple[str, str] | None:
        """Return where an asset was saved, and its SHA-256."""
        return self._attempt(lambda store: store.saved_file(task_id, n), None)

    def resume_info(self, task_id: str, n: int) -> ResumeInfo | None:
        """Return the part file of an asset."""
        return self._attempt(lambda store: store.resume_info(task_id, n), None)

    def save_resume_info(self, task_id: str, n: int, info: ResumeInfo) -> None:
        """Record the part file of an asset."""
        self._attempt(lambda store: store.save_resume_info(task_id, n, info), None)

    def delete_resume_info(self, task_id: str, n: int) -> None:
        """Delete the record of a part file. Raises if that fails: its bytes must not be reused."""
        if self._store:
            self._store.delete_resume_info(task_id, n)

    def remove_secrets(self, secrets: Sequence[str]) -> None:
        """Remove keys from what services have said."""
        self._attempt(lambda store: store.remove_secrets(secrets), None)

    def commit_pending(self) -> None:
        """Return once all changes are on disk. Raises if they cannot be."""
        if self._store:
            self._store.commit_pending()

    def _attempt(self, use: "Callable[[OrderStore], T]", default: T) -> T:
        if self._store is None:
            return default
        try:
            return use(self._store)
        except (StorageRefused, Busy) as error:
            self._warn(error)
            return default

    def _warn(self, error: PiooyError) -> None:
        if not self._warned:
            self._warned = True
            self._tell(Warned(f"{error.message}; the work continues without it"))
