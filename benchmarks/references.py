"""How long `@pending` takes in a ledger of many orders, beside a command that reads none.

    python benchmarks/references.py [ORDERS] [ROUNDS]

Medians of wall time in seconds; the difference is what the reference costs.
"""

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PIOOY = [sys.executable, "-m", "piooy_cli"]
# Ended orders, as many as asked for, made after the first one.
_FILL = """
with recursive n(value) as (select 1 union all select value + 1 from n where value < ?)
insert into orders (account, created, state, digest, status, settled, task_id)
select account, created, state, digest, 'SUCCESS', created, 'task-' || value from orders, n
where orders.id = 1
"""


def timed(arguments: list[str], environ: dict[str, str]) -> float:
    """The wall time of one run."""
    begun = time.perf_counter()
    subprocess.run([*PIOOY, *arguments], env=environ, capture_output=True, check=False)
    return time.perf_counter() - begun


def main() -> None:
    """Fill a ledger, and measure."""
    orders, rounds = (int(one) for one in (*sys.argv[1:], "100000", "7")[:2])
    with tempfile.TemporaryDirectory() as place:
        environ = os.environ | {
            "PIOOY_STATE_DIR": place, "PIOOY_CONFIG_DIR": place, "PIOOY_SANDBOX": "1",
        }  # fmt: skip
        subprocess.run(
            [*PIOOY, "generate", "image", "-m", "m", "--no-wait", "x"],
            env=environ, capture_output=True, check=True,
        )  # fmt: skip
        with sqlite3.connect(Path(place) / "ledger.sqlite3") as ledger:
            ledger.execute(_FILL, (orders,))
        ledger.close()
        bare = [timed(["config", "get", "output"], environ) for _ in range(rounds)]
        one = [timed(["task", "@last"], environ) for _ in range(rounds)]
        sets = [timed(["task", "@pending"], environ) for _ in range(rounds)]
    print(f"{orders:,} orders: config get {statistics.median(bare):.3f} s,")
    print(
        f"task @last {statistics.median(one):.3f} s, task @pending {statistics.median(sets):.3f} s"
    )


if __name__ == "__main__":
    main()
