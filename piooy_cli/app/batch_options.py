"""How to run a batch."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from piooy_cli.batch.prepare import Batch
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.downloads.options import SaveOptions
    from piooy_cli.ledger.store import OrderStore


class BatchOptions(NamedTuple):
    """How to run a batch. `timeout` and `lock_wait` are in seconds; the others are file paths.

    `confirm` is called once the batch is locked and before anything is sent; `yes`: it does not
    ask.
    """

    plan: "RunPlan"
    save: "SaveOptions"
    timeout: float | None = None
    lock_wait: float = 0
    max_tasks: int | None = None
    dry_run: bool = False
    results: str | None = None
    summary: str | None = None
    metrics: str | None = None
    yes: bool = False
    confirm: "Callable[[OrderStore, Batch], None] | None" = None

    @property
    def results_path(self) -> Path:
        """The path of the results: beside the saved files unless another one is given."""
        from piooy_cli.files.reading import expanded

        default = self.save.target.directory / "results.jsonl"
        return (expanded(self.results) if self.results else default).absolute()
