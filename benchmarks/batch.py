"""A batch of short rows, beside what people write instead, all from one `sandbox serve`.

    python benchmarks/batch.py [ROWS] [ROUNDS] [AT_ONCE]
    python benchmarks/batch.py import [ROWS]

Rows a second, CPU and peak memory of the client, medians of rounds in turn. The server renders
each picture and shares the machine, so it is most of the time: ratios matter. The loops in a shell
are given fewer rows, as they take long. `import`: a manifest of a million rows, checked and taken
in, and the first order of a run that has all but one behind it. Wants curl, jq and xargs.
"""

import json
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PIOOY = [sys.executable, "-m", "piooy_cli"]
ROW = {"model": "nano-banana-pro", "media": "image"}
SLOW_SHARE = 10  # of the rows, for the loops that start a process for each request
CURL = """
while IFS= read -r prompt; do
  id=$(jq -cn --arg p "$prompt" '{provider:"evolink",mediaType:"image",model:"nano-banana-pro",
    scene:"text-to-image",prompt:$p,options:{resolution:"256"}}' |
    curl -sS -H "authorization: Bearer any" -H 'content-type: application/json' -d @- \\
      "$PIOOY_BASE_URL/api/v1/generate" | jq -r .data.taskId)
  while :; do
    task=$(curl -sS -H "authorization: Bearer any" "$PIOOY_BASE_URL/api/v1/task/$id")
    [ "$(jq -r .data.status <<<"$task")" = SUCCESS ] && break
    sleep 0.5
  done
  curl -sS -o "$1/$id.png" "$(jq -r '.data.taskResult.results[0]' <<<"$task")"
done
"""


class Cost(NamedTuple):
    """Of one run: rows a second, CPU seconds for a thousand rows, peak memory in MB."""

    rate: float
    cpu: float
    memory: float


@contextmanager
def sandbox(place: Path) -> Iterator[str]:
    """Serves tasks that are done at once; its address."""
    command = [*PIOOY, "sandbox", "serve", "--port", "0", "--speed", "1000000"]
    command += ["--state", str(place / "sandbox"), "--log", str(place / "log")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        yield server.stderr.readline().split("PIOOY_BASE_URL=")[1].split()[0]
        server.terminate()


def costs(command: list[str], rows: int, place: Path, environ: dict[str, str]) -> Cost:
    """Run it in a process group of its own clock; every file has to be there at the end."""
    out = place / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (place / "prompts.txt").open() as prompts:
        subprocess.run(command, stdin=prompts, env=environ, check=True, stdout=subprocess.DEVNULL,
                       cwd=place)  # fmt: skip
    seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    found = len(list(out.glob("*.png")))
    assert found == rows, f"{found} files of {rows}"
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(rows / seconds, 1000 * cpu / rows, after.ru_maxrss / 1024)


def contestants(url: str, at_once: int) -> dict[str, tuple[list[str], int]]:
    """Commands by name, and the share of rows that each gets."""
    plain = [sys.executable, str(HERE / "batch_plain.py"), "prompts.txt", "out", url, str(at_once)]
    order = ["-q", "generate", "image", "-m", "nano-banana-pro", "-r", "256", "-o", "out"]
    xargs = ["xargs", "-P8", "-d", "\\n", "-n1", *PIOOY, *order]
    batch = ["-q", "batch", "prompts.txt", "-m", "nano-banana-pro", "-r", "256", "-o", "out"]
    return {
        "piooy batch": ([*PIOOY, *batch, "-j", str(at_once)], 1),
        "asyncio + httpx": (plain, 1),
        "curl + jq": (["bash", "-c", CURL, "curl", "out"], SLOW_SHARE),
        "xargs -P8 piooy": (xargs, SLOW_SHARE),
    }


def compare(rows: int, rounds: int, at_once: int) -> None:
    """All contestants in turn, so many rounds; medians, and ratios to the plain script."""
    found: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as directory, sandbox(Path(directory)) as url:
        place = Path(directory)
        environ = os.environ | {"PIOOY_BASE_URL": url, "PIOOY_API_KEY": "any-key-will-do"}
        for turn in range(rounds):
            for name, (command, share) in contestants(url, at_once).items():
                count = rows // share
                lines = [f"picture {n} of round {turn}" for n in range(count)]
                (place / "prompts.txt").write_text("".join(f"{line}\n" for line in lines))
                environ["PIOOY_STATE_DIR"] = str(place / f"state-{turn}-{name[:5]}")
                found.setdefault(name, []).append(costs(command, count, place, environ))
    middle = {name: median(costs_) for name, costs_ in found.items()}
    show(middle, rows, rounds, at_once)


def median(all_of_one: list[Cost]) -> Cost:
    """Of each number by itself."""
    return Cost(*map(statistics.median, zip(*all_of_one, strict=True)))


def show(middle: dict[str, Cost], rows: int, rounds: int, at_once: int) -> None:
    """A table, and where it was measured."""
    base = middle["asyncio + httpx"].rate
    print(f"{rows:,} rows, {rounds} rounds, {at_once} at once; {platform.machine()},"
          f" {os.cpu_count()} cores, Python {platform.python_version()}")  # fmt: skip
    for name, cost in middle.items():
        print(f"{name:16} {cost.rate:7.1f} rows/s  {cost.rate / base:5.2f} times the script"
              f"  {cost.cpu:6.1f} ms CPU a row  {cost.memory:5.0f} MB")  # fmt: skip


def taken_in(rows: int) -> None:
    """A manifest of so many rows: checked and taken in; and the first order when one is left."""
    with tempfile.TemporaryDirectory() as directory, sandbox(Path(directory)) as url:
        place = Path(directory)
        with (place / "rows.jsonl").open("w") as file:
            for n in range(rows):
                row = ROW | {
                    "prompt": f"a red fox, number {n}, in the snow",
                    "options": {"seed": n},
                }
                file.write(json.dumps(row) + "\n")
        environ = os.environ | {"PIOOY_BASE_URL": url, "PIOOY_API_KEY": "any-key-will-do",
                                "PIOOY_STATE_DIR": str(place / "state")}  # fmt: skip
        first = first_order(place, environ)
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
        told = f"{first:.1f} s to the first order, {most} MB at most"
        print(f"{rows:,} rows checked and taken in: {told}")
        all_but_one(place / "state")
        print(f"all but one behind it: {first_order(place, environ):.2f} s to the first order")


def first_order(place: Path, environ: dict[str, str]) -> float:
    """Seconds from the start of a run to its first POST, by the server's log."""
    (place / "log").write_text("")
    start = time.time()
    command = [*PIOOY, "-q", "batch", "rows.jsonl", "-o", "out", "--limit", "1"]
    subprocess.run(command, cwd=place, env=environ, check=True, stdout=subprocess.DEVNULL)
    lines = map(json.loads, (place / "log").read_text().splitlines())
    return float(next(line["time"] for line in lines if line.get("method") == "POST") - start)


def all_but_one(state: Path) -> None:
    """As if all rows had run: in the ledger, and in what the batch remembers."""
    (spool,) = state.glob("batches/*/*.sqlite3")
    with sqlite3.connect(state / "ledger.sqlite3") as ledger:
        ledger.execute("pragma synchronous = off")
        account, batch = ledger.execute("select account, batch from orders").fetchone()
        ledger.execute("attach ? as spool", (str(spool),))
        ledger.execute(
            "insert into orders (account, state, status, created, settled, media, scene, provider,"
            " model, prompt, task_id, batch, row, asked) select ?, 'SUBMITTED', 'SUCCESS', 1, 2,"
            " 'image', 'text-to-image', 'evolink', 'nano-banana-pro', 'x', 't-' || n, ?, key, asked"
            " from spool.rows where open = 1 and n < (select max(n) from spool.rows)",
            (account, batch),
        )
        ledger.execute(
            "update spool.rows set open = 0, told = 'SUCCESS'"
            " where n < (select max(n) from spool.rows)"
        )
    ledger.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["import"]:
        taken_in(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
    else:
        numbers = [int(text) for text in sys.argv[1:]]
        compare(*(numbers + [2000, 3, 16][len(numbers) :]))
