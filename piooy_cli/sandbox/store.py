"""What the sandbox remembers: orders and messages, in one small SQLite file."""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import finalize

from piooy_cli.errors import StorageRefused

_SCHEMA = """
create table if not exists task (
  id text primary key, owner text not null, accepted real not null, speed real not null,
  request text not null
);
create table if not exists message (
  id integer primary key, received real not null, email text not null, content text not null
);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An order as it was accepted: by whom, when (Unix seconds), and what."""

    id: str
    owner: str
    accepted: float
    speed: float
    request: dict[str, Any]


class Store:
    """Tasks survive from one command to the next."""

    def __init__(self, path: Path) -> None:
        try:
            self._connection = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
            finalize(self, self._connection.close)
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            hint = "`piooy sandbox reset` starts afresh"
            raise StorageRefused(f"cannot open the sandbox's state {path}: {error}", hint) from None

    def add(self, row: Row) -> None:
        """Remember an order; it is on disk when this returns."""
        values = (row.id, row.owner, row.accepted, row.speed, json.dumps(row.request))
        self._connection.execute("insert into task values (?, ?, ?, ?, ?)", values)

    def get(self, task_id: str) -> Row | None:
        """The order with this id."""
        found = self._connection.execute("select * from task where id = ?", (task_id,)).fetchone()
        if found is None:
            return None
        task, owner, accepted, speed, request = found
        return Row(task, owner, accepted, speed, json.loads(request))

    def add_message(self, received: float, email: str, content: str) -> None:
        """Remember a message of the contact form."""
        self._connection.execute(
            "insert into message (received, email, content) values (?, ?, ?)",
            (received, email, content),
        )
