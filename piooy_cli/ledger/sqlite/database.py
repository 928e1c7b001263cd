"""The connection to a ledger file, for one account, and its rows as tasks."""

import json
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import finalize

from piooy_cli.domain.delivery import delivery_of
from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.models import Asset, Failure, Kind, Role, SavedFile, Task, TaskStatus
from piooy_cli.ledger.sqlite.group_commit import GroupCommit
from piooy_cli.ledger.sqlite.schema import opened, translated
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits

_BYTES = "bytes:"  # begins no path, since paths in the ledger are absolute


def task_from_row(row: sqlite3.Row, assets: Sequence[sqlite3.Row], tags: Mapping[str, str]) -> Task:
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
        tags=tags,
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
        SavedFile(
            task,
            asset_from_row(row),
            path_from_text(row["path"]),
            row["bytes"],
            row["sha256"],
            arrived=row["arrived"],
            delivery=delivery_of(row["delivered"]),
        )
        for row in assets
        if row["path"]
    ]


def path_to_text(path: str) -> str:
    """Return a path as text that SQLite can store: bytes that are not UTF-8 are encoded."""
    try:
        path.encode()
    except UnicodeEncodeError:
        from urllib.parse import quote

        return _BYTES + quote(os.fsencode(path))
    return path


def path_from_text(text: str) -> str:
    """Return the path that `path_to_text` has encoded."""
    if not text.startswith(_BYTES):
        return text
    from urllib.parse import unquote_to_bytes

    return os.fsdecode(unquote_to_bytes(text.removeprefix(_BYTES)))


def _time(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


LEDGER_FILE = "ledger.sqlite3"
# All but the body, which may hold whole pictures.
COLUMNS = (
    "id, account, state, status, created, settled, media, scene, provider, model, prompt, options,"
    " digest, task_id, failure_code, failure_message, owner, accepted, took, size"
)


class Database:
    """What all parts of the store share: reading, changing, and group commits."""

    def __init__(
        self,
        state: Path,
        account: str,
        *,
        keeps_prompts: bool = True,
        spending: SpendingLimits | None = None,
    ) -> None:
        self.path = state / LEDGER_FILE
        self.account = account
        self.spending = spending or SpendingLimits()
        self.keeps_prompts = keeps_prompts
        self.connection = opened(self.path)
        self.commits = GroupCommit(self.connection, self.path)
        # A change that is still to be committed may outlive the store.
        finalize(self.commits, self.connection.close)

    def change(self) -> AbstractContextManager[sqlite3.Connection]:
        """A change that is on disk when the context ends. Raises StorageRefused or Busy."""
        return self.commits.immediate()

    def on_commit_failed(self, callback: Callable[[PiooyError], None]) -> None:
        """Call `callback` when changes are lost that no caller is waiting for."""
        self.commits.on_failed = callback

    async def flush(self) -> None:
        """Return once all changes so far are on disk. Raises StorageRefused or Busy."""
        await self.commits.flush()

    def commit_pending(self) -> None:
        """Commit all changes now. Raises StorageRefused or Busy."""
        self.commits.commit()

    def limit_batch(self, most: int | None) -> None:
        """Limit the orders in all runs of a batch."""
        self.spending = self.spending._replace(of_batch=most)

    def read(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return rows by column name. Raises StorageRefused or Busy."""
        try:
            cursor = self.connection.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise translated(self.path, error) from error

    def assets_of(self, number: int) -> list[sqlite3.Row]:
        """Return the assets of an order, in their order."""
        return self.read("select * from assets where order_id = ? order by n", number)

    def assets_by_order(self, numbers: list[int]) -> dict[int, list[sqlite3.Row]]:
        """Return the assets of several orders, by the order's number."""
        found: dict[int, list[sqlite3.Row]] = {number: [] for number in numbers}
        marks = ", ".join("?" * len(numbers))
        query = f"select * from assets where order_id in ({marks}) order by order_id, n"
        for row in self.read(query, *numbers):
            found[row["order_id"]].append(row)
        return found

    def tags_by_order(self, numbers: list[int]) -> dict[int, dict[str, str]]:
        """Return the tags of several orders, by the order's number."""
        found: dict[int, dict[str, str]] = {number: {} for number in numbers}
        marks = ", ".join("?" * len(numbers))
        query = f"select order_id, name, value from tags where order_id in ({marks})"
        for number, name, value in self.read(query, *numbers):
            found[number][name] = value
        return found

    def task_of(self, row: sqlite3.Row) -> Task:
        """Return an order as a task, with its assets and tags."""
        number = row["id"]
        return task_from_row(row, self.assets_of(number), self.tags_by_order([number])[number])
