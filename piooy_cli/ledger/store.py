"""The protocols of an order store, in terms of the domain."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.inputs import OrderInput
from piooy_cli.domain.models import Order, OrderState, ResumeInfo, RowKey, SavedFile, Task
from piooy_cli.ledger.records import (
    DamagedFile,
    InputLink,
    OrderDetails,
    OrderFilters,
    RowOrder,
    SentRow,
    StoredOrder,
    TagChanges,
)
from piooy_cli.ledger.statistics import RunStatistics

if TYPE_CHECKING:
    from piooy_cli.domain.tags import TagFilter


class OrderRecord(Protocol):
    """One order while it is submitted.

    Each change is on disk once `flush` returns; every method may raise StorageRefused or Busy.
    """

    is_sending: bool

    @property
    def ref(self) -> str:
        """The reference to an order that has no task."""

    def mark_sending(self) -> None:
        """Change PLANNED to SENDING. If this raises, nothing may be sent."""

    async def flush(self) -> None:
        """Return once all changes of this order are on disk."""

    def mark_unsent(self, reason: str, http_status: int | None) -> None:
        """Change SENDING to PLANNED: it is certain that the service does not have the order."""

    def reject(self, reason: str, http_status: int | None) -> None:
        """Change SENDING to REFUSED: the service rejected the order."""

    def mark_unknown(self, reason: str, http_status: int | None) -> None:
        """Change SENDING to UNKNOWN: it may have arrived, and only the user can tell."""

    def accept(self, task_id: str, http_status: int | None) -> None:
        """Change SENDING to SUBMITTED: the service has accepted the order as this task."""


class ResumeStore(Protocol):
    """Records of files: saved ones, and part files to resume."""

    def saved_file(self, task_id: str, n: int) -> tuple[str, str] | None:
        """Return where an asset was saved, and its SHA-256."""

    def resume_info(self, task_id: str, n: int) -> ResumeInfo | None:
        """Return the part file of an asset, if there is one."""

    def save_resume_info(self, task_id: str, n: int, info: ResumeInfo) -> None:
        """Record the part file of an asset."""

    def delete_resume_info(self, task_id: str, n: int) -> None:
        """Delete the record of a part file: its bytes must not be reused."""


class TaskStore(ResumeStore, Protocol):
    """What the pipeline needs: planning orders, and recording tasks and their files."""

    def plan(
        self,
        order: Order,
        body: bytes,
        row: RowKey | None = None,
        inputs: Sequence[OrderInput] = (),
    ) -> OrderRecord:
        """Return the record of an order that is about to be sent.

        `row`: its row of a batch; `inputs`: the results that it is made from.
        """

    def find(self, task_id: str) -> Task | None:
        """Return what is known about a task."""

    def durations(self, task: Task) -> list[float]:
        """Return the seconds of the last runs of the same model, scene, size and provider."""

    def observe(self, task: Task) -> None:
        """Record a task's status; a new task is added, and a final status never changes."""

    def record_file(self, file: SavedFile) -> None:
        """Record where an asset was saved."""

    def commit_pending(self) -> None:
        """Return once all changes are on disk."""


class OrderStore(TaskStore, Protocol):
    """The orders and tasks of one account. Methods raise StorageRefused or Busy.

    When opened, a store turns orders whose sender died into UNKNOWN.
    """

    account: str

    async def flush(self) -> None:
        """Return once all changes so far are on disk."""

    def on_commit_failed(self, callback: Callable[[PiooyError], None]) -> None:
        """Call `callback` when changes are lost that no caller is waiting for."""

    def limit_batch(self, most: int | None) -> None:
        """Limit the orders in all runs of a batch."""

    def list_orders(self, filters: OrderFilters) -> Iterator[StoredOrder]:
        """Yield orders with their saved files, newest first."""

    def order_named(self, ref: str) -> OrderDetails:
        """Return the order that a reference names. Raises NotFound or UsageError."""

    def all_orders(self) -> Iterator[OrderDetails]:
        """Yield every order of the account, oldest first."""

    def resolve_ref(self, ref: str) -> list[str]:
        """Return the task ids that a reference stands for. Raises NotFound or UsageError."""

    def settle(
        self, number: int, state: OrderState, who: str, why: str, task_id: str | None = None
    ) -> None:
        """Record the user's decision about an order that is UNKNOWN: who, when and why."""

    def saved_as(self, sha256: str) -> tuple[str, int] | None:
        """Return the task and number of the asset that was saved with these bytes, the newest."""

    def files_with(self, sha256: str) -> Sequence[SavedFile]:
        """Return the saved files whose digest begins so, the newest first."""

    def inputs_of(self, ref: str) -> list[InputLink]:
        """Return the results that an order, by its task or `@row:N`, was made from."""

    def made_from(self, task_id: str) -> list[InputLink]:
        """Return the orders that were made from a task's results, oldest first."""

    def prune(self, before: float) -> int:
        """Delete orders that have ended before a moment, in Unix seconds; return how many."""

    def change_tags(self, ref: str, changes: Mapping[str, str]) -> TagChanges:
        """Set tags of the orders that a reference names; an empty value removes one.

        Raises NotFound or UsageError; then nothing is changed.
        """

    def run_statistics(
        self, model: str | None = None, tags: "Sequence[TagFilter]" = ()
    ) -> Sequence[RunStatistics]:
        """Return the statistics of every model, scene and size, or of one model.

        `tags`: only of the orders that have all of them.
        """

    def newest_order(self, batch: str, row: str) -> RowOrder | None:
        """Return the newest order of a row; None if nothing was planned."""

    def row_of_order(self, ref: str, batch: str) -> str | None:
        """Return the row that `@row:N` is an order of; None if it is of another batch."""

    def unsettled_rows(self, batch: str) -> list[str]:
        """Return the keys of rows whose orders were sent and have not ended, as far as known."""

    def short_rows(self, batch: str) -> list[str]:
        """Return the keys of rows that were not delivered as ordered."""

    def sent_rows(self, batch: str, *, but_failed: bool) -> Iterator[SentRow]:
        """Yield the newest orders of rows that may have been sent. `but_failed`: skip failed."""

    def remove_secrets(self, secrets: Sequence[str]) -> None:
        """Remove keys from what services have said, which older versions stored as it came."""

    def check_sound(self) -> None:
        """Raise StorageRefused if the store is damaged: what it says cannot be relied on."""

    def integrity_errors(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the store, as a reference and a sentence."""

    def damaged_files(self) -> Iterator[DamagedFile]:
        """Yield saved files that are missing or changed."""
