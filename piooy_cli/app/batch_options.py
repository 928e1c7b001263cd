"""How to run a batch."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.downloads.options import SaveOptions


class BatchOptions(NamedTuple):
    """How to run a batch. `timeout` and `lock_wait` are in seconds; the others are file paths.

    `asks`: ask for confirmation before many charges, unless `yes`.
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
    asks: bool = False
    yes: bool = False

    @property
    def results_path(self) -> Path:
        """The path of the results: beside the saved files unless another one is given."""
        from piooy_cli.files.reading import expanded

        default = self.save.target.directory / "results.jsonl"
        return (expanded(self.results) if self.results else default).absolute()
