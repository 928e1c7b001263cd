"""Waiting for real: piooy's processes against `piooy sandbox serve`, requests counted on the wire.

    python benchmarks/waiting_served.py lag [MEDIAN ...]     piooy and fixed intervals, as simulated
    python benchmarks/waiting_served.py many [TASKS]         thousands in one process

Orders are real; how long each takes is then set in the sandbox's own file.
"""

import math
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import SHUT_WR, create_connection, create_server, socket

from piooy_cli.ledger.sqlite.store import SqliteOrderStore

PIOOY = [sys.executable, "-m", "piooy_cli"]
SANDBOX_SECONDS = 2.0  # how long an image takes there at speed 1
SPREAD, TASKS, ROUNDS = 0.25, 10, 4  # few at once, so that no look waits for its turn
MODES = [
    ("piooy, 0 runs", 0, []), ("piooy, 8 runs", 8, []), ("piooy, 30 runs", 30, []),
    *((f"{d:g} s", 0, ["--interval", f"{d:g}s"]) for d in (0.5, 1, 3, 5)),
]  # fmt: skip


class Counter:
    """Passes bytes on to a server, and remembers when each look went by."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listening = create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.looks: list[float] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            server = create_connection(("127.0.0.1", self._upstream))
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket, target: socket) -> None:
        try:
            while chunk := source.recv(65536):
                looks = chunk.count(b"GET /api/v1/task/")
                self.looks += [time.monotonic()] * looks
                target.sendall(chunk)
            target.shutdown(SHUT_WR)
        except OSError:
            source.close()
            target.close()


class Place:
    """A served sandbox with a counter before it, and a ledger of its own."""

    def __init__(self, place: str, port: int) -> None:
        self.state = Path(place)
        self.counter = Counter(port)
        self.environ = os.environ | {
            "PIOOY_STATE_DIR": place, "PIOOY_CONFIG_DIR": place, "PIOOY_API_KEY": "benchmark-key",
            "PIOOY_BASE_URL": f"http://127.0.0.1:{self.counter.port}",
        }  # fmt: skip
        self.environ.pop("PYTHONDONTWRITEBYTECODE", None)

    def send(self, seconds: list[float]) -> dict[str, float]:
        """Order as many tasks, which take that long; ids with the Unix time at which each ends."""
        command = "-q generate image -m bench --no-wait --yes x -n".split()
        sent = subprocess.run(
            [*PIOOY, *command, str(len(seconds))],
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        ids = sent.stdout.split()
        now = time.time()
        with sqlite3.connect(self.state / "sandbox.sqlite3") as sandbox:
            for task_id, took in zip(ids, seconds, strict=True):
                sandbox.execute(
                    "update task set accepted = ?, speed = ? where id = ?",
                    (now, SANDBOX_SECONDS / took, task_id),
                )
        ledger = self._ledger()
        with ledger.change() as connection:
            connection.execute("update orders set accepted = ? where took is null", (now,))
        return {task_id: now + took for task_id, took in zip(ids, seconds, strict=True)}

    def remember(self, took: list[float]) -> None:
        """Forget all runs, and have had these."""
        with self._ledger().change() as connection:
            for table in ("attempts", "assets", "orders"):
                connection.execute(f"delete from {table}")
            for n, seconds in enumerate(took):
                connection.execute(
                    "insert into orders (account, state, status, created, media, scene, provider,"
                    " model, task_id, took) values (?, 'SUBMITTED', 'SUCCESS', 0, 'image',"
                    " 'text-to-image', 'evolink', 'bench', ?, ?)",
                    (self._ledger().account, f"past-{n}", seconds),
                )

    def _ledger(self) -> SqliteOrderStore:
        return SqliteOrderStore(self.state, f"default@127.0.0.1:{self.counter.port}")


@contextmanager
def served() -> Iterator[Place]:
    """A sandbox on a port, until the end of the block."""
    with tempfile.TemporaryDirectory() as place:
        environ = os.environ | {"PIOOY_STATE_DIR": place, "PIOOY_CONFIG_DIR": place}
        command = [*PIOOY, "sandbox", "serve", "--port", "0"]
        server = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        port = int(re.search(r":(\d+);", server.stderr.readline())[1])  # type: ignore[index]
        try:
            yield Place(place, port)
        finally:
            server.terminate()
            server.wait()


def lag(medians: list[float]) -> None:
    """Mean lag and requests per task, each mode with the same task times."""
    print(f"log-normal, spread {SPREAD:g}, {ROUNDS} x {TASKS} tasks; lag in s, requests per task")
    with served() as place:
        for median in medians:
            for name, runs, options in MODES:
                late, looks = rounds(place, median, runs, options)
                mean = statistics.mean(late)
                print(f"{median:3g} s  {name:15} {mean:6.2f} {looks / len(late):6.1f}", flush=True)


def rounds(place: Place, median: float, runs: int, options: list[str]) -> tuple[list[float], int]:
    """Several rounds of the same kind, each with a history of its own."""
    late, looks = [], 0
    for n in range(ROUNDS):
        times = random.Random(f"{median} {n}")
        ends = [times.lognormvariate(math.log(median), SPREAD) for _ in range(TASKS)]
        place.remember([times.lognormvariate(math.log(median), SPREAD) for _ in range(runs)])
        later, more = noticed(place, place.send(ends), options)
        late, looks = late + later, looks + more
    return late, looks


def noticed(place: Place, ends: dict[str, float], options: list[str]) -> tuple[list[float], int]:
    """How late each was noticed, and the polls of all together."""
    before = len(place.counter.looks)
    command = [*PIOOY, "-q", "wait", *options, *ends]
    late = []
    with subprocess.Popen(command, env=place.environ, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout is not None
        for line in waiting.stdout:
            late.append(time.time() - ends[line.strip()])
    assert len(late) == len(ends), "a task was not noticed"
    return late, len(place.counter.looks) - before


def many(tasks: int) -> None:
    """Thousands of tasks of 20 to 120 s in one process."""
    with served() as place:
        spread = random.Random(7)
        ends = place.send([spread.uniform(20, 120) for _ in range(tasks)])
        before, start = len(place.counter.looks), time.monotonic()
        command = [*PIOOY, "-q", "wait", "-"]
        with subprocess.Popen(
            command, env=place.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as waiting:
            out = _talk(waiting, "\n".join(ends))
            _, status, used = os.wait4(waiting.pid, 0)
            waiting.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        looks = place.counter.looks[before:]
        cpu = used.ru_utime + used.ru_stime
        busiest = max(sum(a <= b < a + 1 for b in looks[n : n + 200]) for n, a in enumerate(looks))
        print(f"{tasks} tasks, {len(set(out))} noticed, exit {waiting.returncode}")
        print(
            f"peak memory {used.ru_maxrss / 1024:.0f} MB;"
            f" CPU {cpu:.1f} s of {wall:.0f} s = {cpu / wall:.0%}"
        )
        print(
            f"{len(looks)} looks, {len(looks) / wall:.1f} a second, at most {busiest} in any second"
        )


def _talk(waiting: "subprocess.Popen[str]", ids: str) -> list[str]:
    """Hand the ids over, and read what is printed."""
    assert waiting.stdin is not None and waiting.stdout is not None
    waiting.stdin.write(ids)
    waiting.stdin.close()
    return waiting.stdout.read().split()


if __name__ == "__main__":
    what, *numbers = sys.argv[1:] or ["lag"]
    if what == "many":
        many(int(numbers[0]) if numbers else 2000)
    else:
        lag([float(number) for number in numbers] or [4, 12, 40])
