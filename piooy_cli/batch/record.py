"""A row's line in the results: the record of its task, and which row it is. Pure."""

from collections.abc import Sequence
from typing import Any

from piooy_cli.batch.rows import BatchRow
from piooy_cli.domain.models import SavedFile, Task
from piooy_cli.domain.records import task_record


def row_record(row: BatchRow, task: Task, files: Sequence[SavedFile]) -> dict[str, Any]:
    """Keys are only ever added."""
    place: dict[str, Any] = {"row": row.key, "line": row.line or None}
    if row.cell:
        place["cell"] = list(row.cell)
    return place | task_record(task, files)
