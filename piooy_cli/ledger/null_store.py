"""What stands in for a ledger that cannot be used: reading goes on, sending does not."""

from collections.abc import Callable
from typing import NoReturn

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.models import Order, ResumeInfo, RowKey, SavedFile, Task


class NullLedger:
    """Remembers nothing, and refuses to plan."""

    def __init__(self, trouble: PiooyError) -> None:
        self.trouble = trouble

    def when_lost(self, told: Callable[[PiooyError], None]) -> None:
        """Nothing is changed here."""

    def close_moment(self) -> None:
        """Nothing is changed here."""

    def plan(self, order: Order, body: bytes, row: RowKey | None = None) -> NoReturn:
        """Nothing is sent that cannot be recorded."""
        raise self.trouble

    def find(self, task_id: str) -> Task | None:
        """Nothing is known."""
        return None

    def past(self, task: Task) -> list[float]:
        """Nothing was learned."""
        return []

    def seen(self, task: Task) -> None:
        """Not remembered."""

    def part(self, task_id: str, n: int) -> ResumeInfo | None:
        """Nothing has arrived, as far as known."""
        return None

    def keep_part(self, task_id: str, n: int, part: ResumeInfo) -> None:
        """Not remembered."""

    def forget_part(self, task_id: str, n: int) -> None:
        """Nothing was remembered."""

    def file(self, task_id: str, n: int) -> tuple[str, str] | None:
        """Nothing was saved, as far as known."""
        return None

    def saved(self, file: SavedFile) -> None:
        """Not remembered."""
