"""The order store in SQLite: every order on disk before its first byte is sent."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.domain.errors import Busy, StorageRefused
from piooy_cli.ledger.sqlite import process_id
from piooy_cli.ledger.sqlite.assets import Assets
from piooy_cli.ledger.sqlite.batches import Batches
from piooy_cli.ledger.sqlite.order_record import SqliteOrderRecord
from piooy_cli.ledger.sqlite.orders import Orders
from piooy_cli.ledger.sqlite.references import References
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits

if TYPE_CHECKING:
    from piooy_cli.domain.tags import TagFilter
    from piooy_cli.ledger.records import DamagedFile, TagChanges
    from piooy_cli.ledger.statistics import RunStatistics


class SqliteOrderStore(Orders, Assets, Batches, References):
    """The orders and tasks of one account, as `ledger.store.OrderStore` promises them."""

    def __init__(
        self,
        state: Path,
        account: str,
        *,
        keeps_prompts: bool = True,
        spending: SpendingLimits | None = None,
    ) -> None:
        super().__init__(state, account, keeps_prompts=keeps_prompts, spending=spending)
        self._settle_abandoned()

    def _settle_abandoned(self) -> None:
        """Turn orders whose sender died into UNKNOWN: they may have arrived."""
        for row in self.read("select id, owner from orders where state = 'SENDING'"):
            if not process_id.is_alive(row["owner"] or ""):
                with suppress(StorageRefused, Busy):  # a disk that cannot be written can be read
                    reason = "its process ended before the response came"
                    SqliteOrderRecord(self.change, row["id"]).mark_unknown(reason, None)

    # What few commands need is imported when it is called.

    def run_statistics(
        self, model: str | None = None, tags: "Sequence[TagFilter]" = ()
    ) -> "Sequence[RunStatistics]":
        """Return the statistics of every model, scene and size, or of one model, sorted by name.

        `tags`: only of the orders that have all of them.
        """
        from piooy_cli.ledger.sqlite import statistics

        return statistics.run_statistics(self, model, tags)

    def change_tags(self, ref: str, changes: Mapping[str, str]) -> "TagChanges":
        """Set tags of the orders that a reference names; an empty value removes one.

        Raises NotFound or UsageError; then nothing is changed.
        """
        from piooy_cli.ledger.sqlite import tag_changes

        return tag_changes.change_tags(self, self.order_numbers(ref), changes)

    def remove_secrets(self, secrets: Sequence[str]) -> None:
        """Remove keys from what services have said, which older versions stored as it came."""
        from piooy_cli.ledger.sqlite import cleaning

        for secret in secrets:
            if not cleaning.is_clean_of(self.connection, secret):
                with self.change() as connection:
                    cleaning.clean_of(connection, secret)
                    cleaning.clean_copies(self.path, secret)

    def check_sound(self) -> None:
        """Raise StorageRefused if SQLite finds the ledger damaged."""
        from piooy_cli.ledger.sqlite import integrity

        integrity.check_sound(self)

    def integrity_errors(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the ledger, as a reference and a sentence."""
        from piooy_cli.ledger.sqlite import integrity

        return integrity.integrity_errors(self)

    def damaged_files(self) -> "Iterator[DamagedFile]":
        """Yield saved files that are missing or changed."""
        from piooy_cli.ledger.sqlite import integrity

        return integrity.damaged_files(self)
