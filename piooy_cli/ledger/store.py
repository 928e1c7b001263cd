"""What an order store promises. The words are the domain's; how it is kept is the store's own."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.models import Order, OrderState, ResumeInfo, RowKey, SavedFile, Task
from piooy_cli.ledger.records import (
    DamagedFile,
    OrderDetails,
    OrderFilters,
    RowOrder,
    SentRow,
    StoredOrder,
)
from piooy_cli.ledger.statistics import RunStatistics


class OrderRecord(Protocol):
    """One order while it is submitted.

    Each change is on disk once `flush` returns; every method may raise StorageRefused or Busy.
    """

    is_sending: bool

    @property
    def ref(self) -> str:
        """How the user refers to an order that has no task."""

    def mark_sending(self) -> None:
        """PLANNED becomes SENDING. Where this raises, nothing may be sent."""

    async def flush(self) -> None:
        """Return once all changes of this order are on disk."""

    def mark_unsent(self, reason: str, http_status: int | None) -> None:
        """SENDING becomes PLANNED: there is proof that the service does not have it."""

    def reject(self, reason: str, http_status: int | None) -> None:
        """SENDING becomes REFUSED: the service said no, for good."""

    def mark_unknown(self, reason: str, http_status: int | None) -> None:
        """SENDING becomes UNKNOWN: it may have arrived, and only the user can say more."""

    def accept(self, task_id: str, http_status: int | None) -> None:
        """SENDING becomes SUBMITTED: the service has it, as this task."""


class ResumeStore(Protocol):
    """What is remembered of files from run to run."""

    def saved_file(self, task_id: str, n: int) -> tuple[str, str] | None:
        """Where an asset was saved, and its SHA-256."""

    def resume_info(self, task_id: str, n: int) -> ResumeInfo | None:
        """The unfinished file of an asset, if there is one."""

    def save_resume_info(self, task_id: str, n: int, info: ResumeInfo) -> None:
        """Remember the unfinished file of an asset."""

    def delete_resume_info(self, task_id: str, n: int) -> None:
        """Forget it: its bytes are of no use. Raises if that cannot be recorded."""


class TaskStore(ResumeStore, Protocol):
    """What the pipeline needs: to plan orders, and to remember tasks and their files."""

    def plan(self, order: Order, body: bytes, row: RowKey | None = None) -> OrderRecord:
        """The record of an order that is about to be sent; `row`: of a batch."""

    def find(self, task_id: str) -> Task | None:
        """What is known of a task."""

    def durations(self, task: Task) -> list[float]:
        """How many seconds the last runs of the same model, scene, size and provider took."""

    def observe(self, task: Task) -> None:
        """Remember how a task was seen; a new one is adopted, and an end is not taken back."""

    def record_file(self, file: SavedFile) -> None:
        """Remember where an asset was saved."""

    def commit_pending(self) -> None:
        """Return once all changes are on disk."""


class OrderStore(TaskStore, Protocol):
    """The orders and tasks of one account. Methods raise StorageRefused or Busy.

    Opened, a store first turns orders whose sender died into UNKNOWN.
    """

    account: str

    async def flush(self) -> None:
        """Return once all changes so far are on disk."""

    def on_commit_failed(self, callback: Callable[[PiooyError], None]) -> None:
        """Call `callback` when changes are lost that nobody waits for."""

    def limit_batch(self, most: int | None) -> None:
        """Allow at most so many orders in all runs of a batch."""

    def list_orders(self, filters: OrderFilters) -> Iterator[StoredOrder]:
        """Orders with their saved files, newest first."""

    def order_named(self, ref: str) -> OrderDetails:
        """The order that a reference names. Raises NotFound or UsageError."""

    def all_orders(self) -> Iterator[OrderDetails]:
        """Every order of the account, oldest first."""

    def resolve_ref(self, ref: str) -> list[str]:
        """The task ids that a reference stands for. Raises NotFound or UsageError."""

    def settle(
        self, number: int, state: OrderState, who: str, why: str, task_id: str | None = None
    ) -> None:
        """The user's decision about an order that is UNKNOWN: who, when and why stay with it."""

    def prune(self, before: float) -> int:
        """Forget what is over and older than a moment, in Unix seconds; how many were forgotten."""

    def run_statistics(self, model: str | None = None) -> Sequence[RunStatistics]:
        """What past runs say of every model, scene and size, or of one model's."""

    def newest_order(self, batch: str, row: str) -> RowOrder | None:
        """What was sent for a row last; None where nothing was planned."""

    def unsettled_rows(self, batch: str) -> list[str]:
        """The keys of the rows whose orders were sent and have not ended, as far as known."""

    def sent_rows(self, batch: str, *, but_failed: bool) -> Iterator[SentRow]:
        """The newest orders of rows that were sent, or may have been; `but_failed`: not those."""

    def integrity_errors(self) -> Iterator[tuple[str, str]]:
        """What is wrong with the store, as a reference and a sentence; every rule is checked."""

    def damaged_files(self) -> Iterator[DamagedFile]:
        """Saved files that are gone or changed."""
