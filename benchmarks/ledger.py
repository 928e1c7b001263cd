"""What the ledger costs: one commit, and a question to a hundred thousand orders.

python benchmarks/ledger.py
"""

import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from piooy_cli.domain.models import MediaType, Order
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

ROWS = 100_000
ACCOUNT = "default@piooy.com"


def main() -> None:
    """Print medians."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        ledger = SqliteOrderStore(Path(place), ACCOUNT)
        print(f"{platform.machine()}, {os.cpu_count()} cores, SQLite {sqlite3.sqlite_version}")
        print(f"commit, median of 300: {statistics.median(commits(ledger)) * 1000:.2f} ms")
        fill(ledger)
        environ = os.environ | {"PIOOY_STATE_DIR": place, "PIOOY_CONFIG_DIR": place}
        base = timed(["--help"], environ)
        for arguments in (["history"], ["history", "--search", "fox"], ["history", "--unsaved"],
                          ["history", "--status", "FAILED"]):  # fmt: skip
            more = timed(arguments, environ) - base
            print(f"piooy {' '.join(arguments)} with {ROWS:,} rows: {more:.2f} s above start-up")


def commits(ledger: SqliteOrderStore) -> list[float]:
    """Seconds of each commit of an order's life."""
    entry = ledger.plan(Order(MediaType.IMAGE, "text-to-image", "p", "m", "a fox"), b"{}")
    times = []
    for _ in range(150):
        for word in (entry.mark_sending, lambda: entry.mark_unsent("busy", 429)):
            start = time.perf_counter()
            word()
            times.append(time.perf_counter() - start)
    return times


def fill(ledger: SqliteOrderStore) -> None:
    """Many orders, as if of years."""
    words = "fox wolf owl dune wave dusk rain snow city moon".split()
    statement = (
        "insert into orders (account, state, status, created, media, scene, provider, model,"
        " prompt, options, task_id) values"
        " (?, 'SUBMITTED', ?, ?, 'image', 's', 'p', 'm', ?, '{}', ?)"
    )
    with ledger.change() as connection:
        for n in range(ROWS):
            status = "FAILED" if n % 50 == 0 else "SUCCESS"
            row = (ACCOUNT, status, n, f"a {words[n % 10]} {n}", f"task-{n}")
            connection.execute(statement, row)


def timed(arguments: list[str], environ: dict[str, str]) -> float:
    """Median wall seconds of five runs."""
    command = [sys.executable, "-m", "piooy_cli", *arguments]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, env=environ, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
