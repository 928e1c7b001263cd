"""Turning rows of the ledger into tasks. Pure."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from piooy_cli.domain.models import Asset, Failure, Kind, Role, SavedFile, Task, TaskStatus


def task_from_row(row: sqlite3.Row, assets: Sequence[sqlite3.Row]) -> Task:
    """Return an order as a task. Without a task id, it has a `ref`, and its state as status."""
    failed = row["failure_code"] or row["failure_message"]
    return Task(
        id=row["task_id"] or "",
        ref=None if row["task_id"] else f"@row:{row['id']}",
        status=(row["status"] or TaskStatus.PENDING) if row["task_id"] else row["state"],
        media=row["media"],
        scene=row["scene"],
        provider=row["provider"],
        model=row["model"],
        prompt=row["prompt"],
        options=None if row["options"] is None else json.loads(row["options"]),
        created_at=_time(row["created"]),
        settled_at=_time(row["settled"]),
        accepted_at=_time(row["accepted"]),
        took=row["took"],
        size=row["size"],
        failure=Failure(row["failure_code"], row["failure_message"]) if failed else None,
        assets=tuple(asset_from_row(asset) for asset in assets),
    )


def asset_from_row(row: sqlite3.Row) -> Asset:
    """Return one asset."""
    return Asset(row["n"], row["url"], Kind(row["kind"]), Role(row["role"]))


def files_from_rows(task: Task, assets: Sequence[sqlite3.Row]) -> list[SavedFile]:
    """Return the assets that were saved."""
    return [
        SavedFile(task, asset_from_row(row), row["path"], row["bytes"], row["sha256"])
        for row in assets
        if row["path"]
    ]


def _time(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
