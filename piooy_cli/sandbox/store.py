"""The state of the sandbox: orders and messages, in one small SQLite file."""

import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from weakref import finalize

from piooy_cli.domain.errors import StorageRefused
from piooy_cli.domain.hints import Hint
from piooy_cli.sandbox.outcome import PlannedOutcome, kept, restored

STORE_VERSION = 1
_TABLES = """
create table if not exists task (
  id text primary key, owner text not null, accepted real not null, speed real not null,
  request text not null
);
create table if not exists message (
  id integer primary key, received real not null, email text not null, content text not null
);
"""
_FIRST = """
alter table task add column fate text not null default '{}';
alter table task add column fresh integer not null default 0;
create index if not exists task_owner on task (owner, accepted);
"""


class TaskRow(NamedTuple):
    """An order as it was accepted: by whom, when (Unix seconds), and what.

    `fresh`: how often its URLs were renewed.
    """

    id: str
    owner: str
    accepted: float
    request: dict[str, Any]
    fate: PlannedOutcome
    fresh: int = 0


class SandboxStore:
    """Stores tasks, which outlive commands and crashes of this process."""

    def __init__(self, path: Path) -> None:
        try:
            _make_private(path)
            self._connection = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
            finalize(self, self._connection.close)
            self._prepare(path)
            self.count()
        except (sqlite3.Error, OSError) as error:
            message = f"cannot open the sandbox's state {path}: {error}"
            remove = Hint("sandbox reset", sentence="to remove the default one: {}")
            raise StorageRefused(message, ["move it away", remove]) from None

    def _prepare(self, path: Path) -> None:
        version = self._connection.execute("pragma user_version").fetchone()[0]
        if version > STORE_VERSION:
            hint = "use that version, or another --state"
            raise StorageRefused(
                f"the sandbox's state {path} was created by a newer version of piooy", hint
            )
        if version < STORE_VERSION:
            script = f"begin;{_TABLES}{_FIRST}pragma user_version = {STORE_VERSION};commit;"
            self._connection.executescript(script)

    def add(self, row: TaskRow) -> bool:
        """Store an order; it is on disk on return. Return False if the id is taken."""
        values = (
            row.id, row.owner, row.accepted, 1.0, json.dumps(row.request),
            json.dumps(kept(row.fate)), row.fresh,
        )  # fmt: skip
        query = "insert or ignore into task values (?, ?, ?, ?, ?, ?, ?)"
        return self._connection.execute(query, values).rowcount == 1

    def get(self, task_id: str) -> TaskRow | None:
        """Return the order with this id."""
        query = "select id, owner, accepted, request, fate, fresh from task where id = ?"
        found = self._connection.execute(query, (task_id,)).fetchone()
        if found is None:
            return None
        task, owner, accepted, request, fate, fresh = found
        return TaskRow(
            task, owner, accepted, json.loads(request), restored(json.loads(fate)), fresh
        )

    def count(self) -> int:
        """Return the number of orders."""
        return int(self._connection.execute("select count(*) from task").fetchone()[0])

    def recent(self, owner: str, since: float) -> list[tuple[float, PlannedOutcome]]:
        """Return when this user's orders were accepted, newest first, and their outcomes."""
        query = (
            "select accepted, fate from task where owner = ? and accepted > ?"
            " order by accepted desc"
        )
        rows = self._connection.execute(query, (owner, since))
        return [(accepted, restored(json.loads(fate))) for accepted, fate in rows]

    def renew(self, task_id: str) -> None:
        """Renew the URLs of a task's files; the old ones expire."""
        query = "update task set fresh = fresh + 1 where id = ?"
        self._connection.execute(query, (task_id,))

    def add_message(self, received: float, email: str, content: str) -> None:
        """Store a message of the contact form."""
        self._connection.execute(
            "insert into message (received, email, content) values (?, ?, ?)",
            (received, email, content),
        )

    def messages(self) -> list[dict[str, Any]]:
        """Return every message of the contact form, oldest first."""
        rows = self._connection.execute("select received, email, content from message order by id")
        return [{"received": at, "email": email, "content": text} for at, email, text in rows]


def _make_private(path: Path) -> None:
    """Create an empty file for this user only, before SQLite creates one with the umask."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
