"""Reading the newest tasks for shell completion, without changing or waiting for anything."""

import sqlite3
from pathlib import Path

from piooy_cli.ledger.sqlite.database import LEDGER_FILE

_SECONDS = 0.1


def recent_tasks(state: Path, account: str, most: int) -> list[tuple[str, str, str]]:
    """Return task id (or @row:N of an order in doubt), status and prompt. Raises sqlite3.Error."""
    path = state / LEDGER_FILE
    if not path.exists():
        return []
    # Without a log beside it, nothing is writing, and SQLite must not create files.
    alone = "" if path.with_name(f"{LEDGER_FILE}-wal").exists() else "&immutable=1"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{alone}", timeout=_SECONDS, uri=True
    )
    query = (
        "select coalesce(task_id, '@row:' || id), coalesce(status,"
        " case when task_id is null then state else 'PENDING' end), coalesce(prompt, '')"
        " from orders where account = ? and (task_id is not null or state = 'UNKNOWN')"
        " order by id desc limit ?"
    )
    try:
        return connection.execute(query, (account, most)).fetchall()
    finally:
        connection.close()
