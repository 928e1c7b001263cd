"""`piooy batch`: a manifest run to its end, each row sent once; the same command continues."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from processes import PIOOY, start, wait_for
from servers import PNG
from werkzeug import Response

from piooy_cli.batch.counters import BatchCounters, failure_label
from piooy_cli.cli.options import parse_moment
from piooy_cli.concurrency.adaptive_limit import AdaptiveLimit
from piooy_cli.domain.errors import NotDownloaded


@pytest.fixture
def prompts(home):
    """Three prompts, two of which are the same."""
    path = home / "prompts.txt"
    path.write_text("a fox\na hare\na fox\n")
    return path


@pytest.fixture
def logged(serve, home):
    """A sandbox of this test's own; called with options, it gives the log of what it saw."""

    def start(*options):
        serve("--log", "log", "--state", "sandbox", *options)
        return Log(home / "log")

    return start


class Log:
    """What a sandbox saw."""

    def __init__(self, path):
        self.path = path

    def lines(self, event):
        """All of one kind."""
        lines = map(json.loads, self.path.read_text().splitlines()) if self.path.exists() else []
        return [line for line in lines if line["event"] == event]

    @property
    def charges(self):
        """How many orders were charged."""
        return len(self.lines("charge"))

    @property
    def orders(self):
        """Requests that asked for a generation."""
        return [line for line in self.lines("request") if line["path"] == "/api/v1/generate"]


def results(home, place="."):
    """The lines of the results."""
    return [json.loads(line) for line in (home / place / "results.jsonl").read_text().splitlines()]


def rows(path, count, **fields):
    """A manifest of so many rows with ids."""
    lines = [{"id": f"r{n}", "prompt": f"picture {n}", "model": "m", "media": "image"} | fields
             for n in range(count)]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_road(piooy, sandbox, prompts, home):
    """Paths on stdout, files on disk, a line for each row in results.jsonl; duplicates are two."""
    ran = piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "-o", "out")

    assert ran.code == 0
    assert len(set(ran.lines)) == 3
    assert all(Path(line).read_bytes().startswith(b"\x89PNG") for line in ran.lines)
    found = results(home, "out")
    assert Counter(record["prompt"] for record in found) == {"a fox": 2, "a hare": 1}
    assert {record["assets"][0]["path"] for record in found} == set(ran.lines)
    assert sorted(record["line"] for record in found) == [1, 2, 3]
    assert all(record["status"] == "SUCCESS" and record["settled_at"] for record in found)


def test_the_same_command_again(piooy, logged, prompts, home):
    """Nothing is sent, nothing printed, nothing written twice; exit 0."""
    log = logged()
    first = piooy("batch", "prompts.txt", "-m", "m", "--media", "image")
    again = piooy("batch", "prompts.txt", "-m", "m", "--media", "image")

    assert (first.code, again.code, again.out) == (0, 0, "")
    assert log.charges == 3
    assert len(results(home)) == 3


def test_json(piooy, sandbox, prompts):
    """A record for each saved file; the error as an object at the end of stderr."""
    ran = piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "--json")

    assert [len(record["assets"]) for record in ran.json] == [1, 1, 1]
    assert piooy("batch", "none.txt", "--json").error["code"] == "not-found"


def test_quiet(piooy, sandbox, prompts):
    """Nothing but paths."""
    ran = piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "--quiet")

    assert (ran.code, ran.err, len(ran.lines)) == (0, "", 3)


def test_dry_run(piooy, home, prompts):
    """Requests on stdout, how many and how long on stderr; no key, no trace."""
    ran = piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "--dry-run")

    assert (ran.code, [line["prompt"] for line in ran.json]) == (0, ["a fox", "a hare", "a fox"])
    assert "3 of 3 rows would be sent" in ran.err
    assert not list(home.parent.glob("state/batches/*/*.sqlite3"))


def test_dry_run_tells_what_is_left(piooy, sandbox, prompts):
    """Rows that were sent would not be."""
    piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "--limit", "2")

    ran = piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "--dry-run")

    assert [line["prompt"] for line in ran.json] == ["a fox"]
    assert "1 of 3 rows would be sent, 2 not" in ran.err


def test_limit(piooy, logged, home):
    """So many new rows in a run: a batch in slices."""
    log = logged()
    rows(home / "rows.jsonl", 5)

    codes = [piooy("batch", "rows.jsonl", "--limit", "2").code for _ in range(4)]

    assert (codes, log.charges) == ([0, 0, 0, 0], 5)


def test_shuffle(piooy, logged, home):
    """Every row, once; in some other order than the manifest's."""
    logged()
    rows(home / "rows.jsonl", 12)

    assert piooy("batch", "rows.jsonl", "--shuffle", "-j", "1").code == 0
    found = [record["row"] for record in results(home)]
    assert sorted(found) == sorted(f"r{n}" for n in range(12))
    assert found != [f"r{n}" for n in range(12)]


def test_a_place_for_a_row(piooy, sandbox, home):
    """`output` of a row is a directory or a template below that of the command."""
    rows(home / "rows.jsonl", 1, output="own/{slug}.{ext}")

    assert piooy("batch", "rows.jsonl", "-o", "out").lines == ["out/own/picture-0.png"]
    assert len(results(home, "out")) == 1


def test_failures_are_grouped_and_told(piooy, logged, home):
    """Exit 6: each is named, the summary says how many and why; results have them all."""
    logged("--faults", "task-fails@2,generate/400@3")
    rows(home / "rows.jsonl", 4)

    ran = piooy("batch", "rows.jsonl", "-j", "1")

    assert ran.code == 6
    assert len(ran.lines) == 2
    assert "2 of 4 rows done, 2 failed" in ran.err
    assert "line 2: " in ran.err and "line 3: " in ran.err
    assert "--only failed" in ran.err
    states = {record["row"]: record["status"] for record in results(home)}
    assert states == {"r0": "SUCCESS", "r1": "FAILED", "r2": "REFUSED", "r3": "SUCCESS"}


def test_failed_rows_stay_failed(piooy, logged, home):
    """The same command does not pay for them again, and says that they failed: exit 5 or 6."""
    log = logged("--faults", "task-fails@1")
    rows(home / "rows.jsonl", 1)
    codes = [piooy("batch", "rows.jsonl").code for _ in range(2)]

    assert (codes, log.charges, len(results(home))) == ([5, 5], 1, 1)


def test_only_failed(piooy, logged, home):
    """What failed is sent once more, by the user's wish; other open rows wait."""
    log = logged("--faults", "task-fails@1,generate/400@2")
    rows(home / "rows.jsonl", 5)
    assert piooy("batch", "rows.jsonl", "-j", "1", "--limit", "3").code == 6

    ran = piooy("batch", "rows.jsonl", "--only", "failed")

    assert (ran.code, len(ran.lines)) == (0, 2)
    assert log.charges == 4
    assert [record["row"] for record in results(home)].count("r0") == 2
    assert piooy("batch", "rows.jsonl").code == 0
    assert log.charges == 6


def test_a_refused_row_that_is_mended(piooy, logged, home):
    """What was refused was not charged: corrected, it is sent."""
    log = logged("--faults", "generate/400@1")
    rows(home / "rows.jsonl", 1)
    assert piooy("batch", "rows.jsonl").code == 5

    rows(home / "rows.jsonl", 1, prompt="something else")

    assert piooy("batch", "rows.jsonl").code == 0
    assert log.charges == 1


def test_in_doubt(piooy, logged, home):
    """The others continue; exit 11 each time, with what to do; never sent again by itself."""
    log = logged("--faults", "drop-after-accept@2")
    rows(home / "rows.jsonl", 3)

    first = piooy("batch", "rows.jsonl", "-j", "1", "--name", "b")
    again = piooy("batch", "rows.jsonl", "--name", "b")

    assert (first.code, again.code, log.charges) == (11, 11, 3)
    assert "history --unknown --batch b" in again.err and "--not-charged" in again.err
    assert len(results(home)) == 3
    (task,) = piooy("history", "--unknown", "--batch", "b", "--json").json
    assert piooy("history", "resolve", task["ref"], "--not-charged").code == 0
    assert piooy("batch", "rows.jsonl", "--name", "b").code == 0
    assert log.charges == 4
    assert [r["status"] for r in results(home) if r["row"] == "r1"] == ["UNKNOWN", "SUCCESS"]


def test_five_doubts_in_a_row(piooy, logged, home):
    """The money at risk in an outage is bounded: nothing more is sent."""
    log = logged("--faults", "drop-after-accept:100%")
    rows(home / "rows.jsonl", 30)

    ran = piooy("batch", "rows.jsonl", "-j", "2")

    assert ran.code == 11
    assert 5 <= log.charges <= 6
    assert "open" in ran.err


@pytest.mark.parametrize(("fault", "code"), [("generate/401", 4), ("generate/402", 7)])
def test_what_stops_at_once(piooy, logged, home, fault, code):
    """A refused key, an empty account: no row fails of it, and the next run continues."""
    log = logged("--faults", f"{fault}@3")
    rows(home / "rows.jsonl", 6)

    ran = piooy("batch", "rows.jsonl", "-j", "1")

    assert (ran.code, len(ran.lines), len(log.orders)) == (code, 2, 3)
    assert "4 open" in ran.err
    assert piooy("batch", "rows.jsonl").code == 0
    assert log.charges == 6


def test_nobody_answers(piooy, home, free_port, monkeypatch):
    """Exit 10, nothing sent; not every row of a million is tried."""
    monkeypatch.setenv("PIOOY_BASE_URL", f"http://127.0.0.1:{free_port}")
    monkeypatch.setenv("PIOOY_API_KEY", "k" * 12)
    rows(home / "rows.jsonl", 500)
    start = time.monotonic()

    ran = piooy("batch", "rows.jsonl")

    assert ran.code == 10
    assert time.monotonic() - start < 8


def test_no_key(piooy, home):
    """Exit 4 before the manifest is read."""
    rows(home / "rows.jsonl", 1)

    assert piooy("batch", "rows.jsonl").code == 4


def test_max_tasks(piooy, logged, home):
    """All runs of the batch together, whatever crashes: exit 7 when it is reached."""
    log = logged()
    rows(home / "rows.jsonl", 5)

    codes = [piooy("batch", "rows.jsonl", "--max-tasks", "3").code for _ in range(2)]

    assert (codes, log.charges) == ([7, 7], 3)


def test_max_failures(piooy, logged, home):
    """After so many nothing more is sent."""
    log = logged("--faults", "task-fails:100%")
    rows(home / "rows.jsonl", 20)

    ran = piooy("batch", "rows.jsonl", "-j", "1", "--max-failures", "3")

    assert (ran.code, log.charges) == (6, 3)


def test_a_cap_holds_for_all_processes(logged, home, piooy):
    """Four processes of 40 rows each, a cap of 50: exactly 50 charges."""
    log = logged()
    piooy("config", "set", "cap.day", "50")
    for n in range(4):
        rows(home / f"b{n}.jsonl", 40)

    runs = [start("-q", "batch", f"b{n}.jsonl", "-o", f"out{n}") for n in range(4)]
    codes = [run.wait(60) for run in runs]
    for run in runs:
        run.communicate()

    assert log.charges == 50
    assert set(codes) <= {0, 7} and 7 in codes


def test_two_runs_of_one_batch(logged, home, piooy):
    """The second ends with 9 within a second, and sends nothing; the first continues."""
    log = logged("--faults", "generate/slow:1500ms")
    rows(home / "rows.jsonl", 2)
    first = start("batch", "rows.jsonl")
    wait_for(lambda: list(home.parent.glob("state/batches/*/*.lock")) and "generate" in log.path.read_text() if log.path.exists() else False)  # fmt: skip

    began = time.monotonic()
    ran = piooy("batch", "rows.jsonl")

    assert (ran.code, ran.out) == (9, "")
    assert time.monotonic() - began < 1
    assert first.wait(20) == 0
    first.communicate()
    assert log.charges == 2


def test_waiting_for_the_lock(logged, home, piooy):
    """`--lock-wait` waits for the other run, and then finds nothing to do."""
    log = logged("--faults", "generate/slow:800ms")
    rows(home / "rows.jsonl", 1)
    first = start("batch", "rows.jsonl")
    wait_for(lambda: list(home.parent.glob("state/batches/*/*.lock")))

    ran = piooy("batch", "rows.jsonl", "--lock-wait", "20s")

    assert (ran.code, first.wait(20), log.charges) == (0, 0, 1)
    first.communicate()


def test_a_stopped_owner_keeps_its_lock(logged, home, piooy):
    """A run that was suspended is not overtaken."""
    logged("--faults", "generate/slow:1s")
    rows(home / "rows.jsonl", 1)
    first = start("batch", "rows.jsonl")
    wait_for(lambda: list(home.parent.glob("state/batches/*/*.lock")))
    os.kill(first.pid, signal.SIGSTOP)
    try:
        assert piooy("batch", "rows.jsonl").code == 9
    finally:
        os.kill(first.pid, signal.SIGCONT)
    assert first.wait(20) == 0
    first.communicate()


@pytest.mark.parametrize("trap", ["symlink", "fifo"])
def test_a_lock_that_is_something_else(piooy, sandbox, home, trap):
    """Neither followed nor waited for."""
    rows(home / "rows.jsonl", 1)
    piooy("batch", "rows.jsonl")
    (lock,) = home.parent.glob("state/batches/*/*.lock")
    lock.unlink()
    if trap == "symlink":
        lock.symlink_to(home / "elsewhere")
    else:
        os.mkfifo(lock)

    assert piooy("batch", "rows.jsonl").code in (0, 13)
    assert not (home / "elsewhere").exists()


def test_ctrl_c_and_again(logged, home, piooy):
    """Exit 130, no doubt, the same command continues; nothing is paid twice."""
    log = logged("--faults", "generate/slow:200ms")
    rows(home / "rows.jsonl", 12)
    first = start("batch", "rows.jsonl", "-j", "3")
    wait_for(lambda: log.path.exists() and log.charges >= 2)
    first.send_signal(signal.SIGINT)
    _, err = first.communicate(timeout=20)

    assert first.returncode == 130
    assert "to continue: run the same command again" in err
    assert piooy("batch", "rows.jsonl").code == 0
    assert log.charges == 12
    assert len(results(home)) == 12


def test_deadline(piooy, logged, home):
    """Nothing is sent after it; exit 3, and the next run continues."""
    log = logged("--faults", "generate/slow:300ms")
    rows(home / "rows.jsonl", 40)

    ran = piooy("batch", "rows.jsonl", "-j", "2", "--deadline", "1s")

    assert ran.code == 3
    assert 0 < log.charges < 20
    assert "deadline" in ran.err


@pytest.mark.parametrize(
    ("text", "low", "high"), [("90", 90, 90), ("2h", 7200, 7200), ("00:00", 0, 86400)]
)
def test_when_a_deadline_is(text, low, high):
    """A duration from now, or the next time that a clock shows this."""
    assert low <= parse_moment(text) <= high


def test_the_deadline_of_the_next_minute():
    """A time that is still to come is today's."""
    soon = datetime.now() + timedelta(minutes=2)

    assert parse_moment(f"{soon:%H:%M}") <= 120


def test_a_storm_of_429(piooy, logged, home):
    """A fifth of all orders: every row ends, and none is sent before Retry-After allowed it."""
    log = logged("--faults", "generate/429:1s:20%", "--seed", "3")
    rows(home / "rows.jsonl", 25)

    assert piooy("batch", "rows.jsonl", "-j", "8").code == 0

    assert log.charges == 25
    told = [line for line in log.orders if line["status"] == 429]
    assert len(told) >= 2
    for line in told:
        early = [o for o in log.orders if 0.3 < o["time"] - line["time"] < 0.95]
        assert not early


def test_a_storm_of_429_without_a_word(piooy, api, home):
    """No Retry-After: every row ends all the same, each accepted once."""
    seen, accepted = Counter(), Counter()

    def order(request):
        prompt = request.json["prompt"]
        seen[prompt] += 1
        if sum(seen.values()) % 5 == 0:
            return Response("slow down", 429)
        accepted[prompt] += 1
        number = prompt.split()[1]
        return Response(json.dumps({"code": 0, "data": {"taskId": f"task-{number}"}}))

    def task(request):
        url = api.url_for("/file.png")
        data = {"id": request.path.rpartition("/")[2], "status": "SUCCESS", "taskResult": [url]}
        return Response(json.dumps({"code": 0, "data": data}))

    api.expect_request("/api/v1/generate").respond_with_handler(order)
    api.expect_request(re.compile("/api/v1/task/.*")).respond_with_handler(task)
    api.expect_request("/file.png").respond_with_data(PNG, content_type="image/png")
    rows(home / "rows.jsonl", 30)

    assert piooy("batch", "rows.jsonl", "-j", "8").code == 0
    assert set(accepted.values()) == {1} and len(accepted) == 30
    assert sum(seen.values()) > 30


def test_a_service_that_runs_three_at_once(piooy, logged, home):
    """A limit of the service is no failure: rows wait until there is room."""
    log = logged("--limits", "3/concurrent")
    rows(home / "rows.jsonl", 20)

    assert piooy("batch", "rows.jsonl", "-j", "16").code == 0
    assert log.charges == 20


def test_a_crash_between_file_and_result(piooy, logged, home):
    """A file that was saved, and a line that was not written: the next run writes it."""
    log = logged()
    rows(home / "rows.jsonl", 3)
    piooy("batch", "rows.jsonl", "-o", "out")
    place = home / "out" / "results.jsonl"
    whole = place.read_text()
    place.write_text(whole[: len(whole) // 2])

    ran = piooy("batch", "rows.jsonl", "-o", "out")

    assert (ran.code, log.charges) == (0, 3)
    assert sorted(record["row"] for record in results(home, "out")) == ["r0", "r1", "r2"]


def test_a_broken_last_line_is_taken_away(piooy, sandbox, home):
    """Whole lines only, whatever a crash of the machine left."""
    rows(home / "rows.jsonl", 1)
    (home / "results.jsonl").write_bytes(b'{"batch":"other","row":"x"}\n{"batch":"oth')

    assert piooy("batch", "rows.jsonl").code == 0
    assert [record["row"] for record in results(home)] == ["x", "r0"]


def test_a_full_disk_for_results(home, piooy, logged):
    """Exit 13 at once: what became of a row has to be written down. The next run continues."""
    log = logged()
    rows(home / "rows.jsonl", 30)
    script = "ulimit -f 40; exec " + " ".join([*PIOOY, "-q", "batch", "rows.jsonl", "-o", "out"])
    (home / "out").mkdir()
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)  # fmt: skip

    assert ran.returncode in (12, 13), ran.stderr
    assert piooy("batch", "rows.jsonl", "-o", "out").code == 0
    assert log.charges == 30
    assert len(results(home, "out")) == 30


@pytest.mark.parametrize(("place", "code"), [("/dev/full", 13), ("/dev/null", 0)])
def test_results_may_be_a_device(piooy, sandbox, prompts, place, code):
    """It is written as it is, and nothing is read back from it."""
    ran = piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "--results", place)

    assert ran.code == code


def test_the_ledger_knows_the_batch(piooy, sandbox, prompts):
    """`history --batch`, and `@batch:NAME` wherever a task is taken; its beginning is enough."""
    piooy("batch", "prompts.txt", "-m", "nano-banana-pro", "--name", "foxes-2026")
    piooy("generate", "image", "-m", "m", "--no-wait", "another")

    assert len(piooy("history", "--batch", "foxes-2026").lines) == 3
    assert len(piooy("history", "--batch", "foxes").lines) == 3
    assert len(piooy("wait", "@batch:foxes-2026").lines) == 3
    assert piooy("history", "--batch", "none").lines == []


def test_reports(piooy, logged, home):
    """--summary as JSON, --metrics for Prometheus; whole files, readable by others."""
    logged("--faults", "task-fails@2")
    rows(home / "rows.jsonl", 3)

    ran = piooy(
        "batch", "rows.jsonl", "-j", "1", "--name", "b", "--summary", "s/summary.json",
        "--metrics", "piooy.prom",
    )  # fmt: skip

    summary = json.loads((home / "s" / "summary.json").read_text())
    assert ran.code == summary["exit_code"] == 6
    told = {name: summary[name] for name in ("batch", "rows", "rows_done", "rows_failed", "orders_sent", "rows_in_doubt")}  # fmt: skip
    assert told == {"batch": "b", "rows": 3, "rows_done": 2, "rows_failed": 1, "orders_sent": 3, "rows_in_doubt": 0}  # fmt: skip
    assert sum(summary["reasons"].values()) == 1
    metrics = (home / "piooy.prom").read_text()
    assert 'piooy_batch_rows_done{batch="b"} 2\n' in metrics
    assert "# TYPE piooy_batch_exit_code gauge" in metrics
    assert (home / "piooy.prom").stat().st_mode & 0o044
    assert not list(home.glob(".piooy.prom*"))


def test_a_row_that_left_the_manifest(piooy, logged, home):
    """Its order was paid for, so it is still waited for and saved."""
    log = logged("--faults", "stuck@1")
    rows(home / "rows.jsonl", 2)
    assert piooy("batch", "rows.jsonl", "-j", "1", "--timeout", "1s").code == 3
    text = (home / "rows.jsonl").read_text().splitlines()
    (home / "rows.jsonl").write_text(text[1] + "\n")

    ran = piooy("batch", "rows.jsonl", "--timeout", "1s")

    assert (ran.code, log.charges) == (3, 2)


def test_a_sweep_of_a_manifest(piooy, logged, home):
    """Each row times each value; a sheet at the end."""
    log = logged()
    rows(home / "rows.jsonl", 2)

    ran = piooy("batch", "rows.jsonl", "--vary", "seed:=1..3", "-o", "out", "--name", "b")

    assert (ran.code, len(ran.lines), log.charges) == (0, 6, 6)
    assert (home / "out" / "b.png").read_bytes().startswith(b"\x89PNG")


def test_many_cells_want_a_word(piooy, sandbox, home):
    """Above ten the user is asked; off a terminal it is refused, unless --yes says so."""
    rows(home / "rows.jsonl", 2)

    ran = piooy("batch", "rows.jsonl", "--vary", "seed:=1..6")

    assert (ran.code, ran.out) == (2, "")
    assert "12 cells" in ran.err and "--yes" in ran.err


def test_covers(piooy, sandbox, home):
    """Saved where they were asked for, as `generate` and `download` do."""
    (home / "a.jsonl").write_text('{"prompt":"rain","model":"suno-v5","media":"music"}\n')

    plain = piooy("batch", "a.jsonl", "-o", "plain")
    covered = piooy("batch", "a.jsonl", "-o", "covered", "--covers", "--name", "b")

    assert (plain.code, covered.code) == (0, 0)
    assert len(covered.lines) > len(plain.lines) >= 1


def test_more_cells_than_anybody_pays_for(piooy, home):
    """Refused before they are written down."""
    rows(home / "rows.jsonl", 1)

    ran = piooy(
        "batch", "rows.jsonl", "--vary", "seed:=1..1000000", "--vary", "x:=1..1000000", "--dry-run"
    )

    assert (ran.code, ran.out) == (2, "")
    assert "1,000,000,000,000 cells" in ran.err


def test_the_window():
    """Half as many after a 429, one more after a run of successes, never above what was asked."""
    limit = AdaptiveLimit(8)
    limit.on_rate_limited(0)
    limit.on_rate_limited(0)
    assert limit.size == 4
    for _ in range(4):
        limit.on_accepted()
    assert limit.size == 5
    for _ in range(100):
        limit.on_accepted()
    assert limit.size == 8


def test_who_yields_comes_before_new_rows():
    """With one slot and endless 429s, no one new sits down while others wait; none is lost."""

    async def storm():
        limit, order = AdaptiveLimit(2), []

        async def row(name, slot, refusals):
            for _ in range(refusals):
                await slot.requeue(asyncio.get_running_loop().time() + 1)
                await asyncio.sleep(0)
            order.append(name)
            slot.release()

        first, second = await limit.slot(), await limit.slot()
        rows = [
            asyncio.ensure_future(row("a", first, 5)),
            asyncio.ensure_future(row("b", second, 5)),
        ]
        new = asyncio.ensure_future(limit.slot())
        await asyncio.wait_for(asyncio.gather(*rows), 5)
        (await asyncio.wait_for(new, 5)).release()
        return order, limit.taken, limit.size

    assert asyncio.run(storm()) == (["a", "b"], 0, 1)


def test_a_row_that_is_cancelled_while_it_waits():
    """Its turn goes to the next one."""

    async def run():
        limit = AdaptiveLimit(1)
        slot = await limit.slot()
        gone, next_ = (asyncio.ensure_future(limit.slot()) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        slot.release()
        (await asyncio.wait_for(next_, 5)).release()
        return limit.taken

    assert asyncio.run(run()) == 0


def test_a_storm_that_never_lets_up(piooy, api, home):
    """Exit 7 after so many tries, and no run that hangs for ever."""
    api.expect_request("/api/v1/generate").respond_with_data("no", status=429)
    rows(home / "rows.jsonl", 40)

    ran = piooy("batch", "rows.jsonl", "-j", "4")

    assert (ran.code, ran.out) == (7, "")
    assert "40 open" in ran.err


def test_another_account_sends_its_own_rows(piooy, logged, home, monkeypatch):
    """What the results say of the rows of another account says nothing of these."""
    log = logged()
    rows(home / "rows.jsonl", 3)
    assert piooy("batch", "rows.jsonl", "--sandbox").code == 0

    assert piooy("batch", "rows.jsonl").code == 0
    assert log.charges == 3


def test_what_closes_a_retry_is_no_failure_of_it(piooy, logged, home):
    """Rows that were to be sent again, and were not, keep what they ended with."""
    log = logged("--faults", "task-fails:100%")
    rows(home / "rows.jsonl", 4)
    assert piooy("batch", "rows.jsonl", "--max-tasks", "5").code == 5

    ran = piooy("batch", "rows.jsonl", "--max-tasks", "5", "--only", "failed", "-j", "1")

    assert log.charges == 5
    assert ran.code in (6, 7)
    assert "line 3: line" not in ran.err and "--max-tasks is 5" in ran.err


def test_a_second_failure_has_its_own_line(piooy, logged, home):
    """Each order that was charged is in the results."""
    logged("--faults", "task-fails:100%")
    rows(home / "rows.jsonl", 1)
    piooy("batch", "rows.jsonl")
    piooy("batch", "rows.jsonl", "--only", "failed")

    found = results(home)
    assert [record["status"] for record in found] == ["FAILED", "FAILED"]
    assert len({record["id"] for record in found}) == 2


def test_results_that_are_another_file(piooy, logged, home):
    """Removed, and made by another process: this batch's lines are written again, nothing is sent."""
    log = logged()
    rows(home / "rows.jsonl", 2)
    piooy("batch", "rows.jsonl")
    (home / "results.jsonl").rename(home / "old.jsonl")
    (home / "results.jsonl").write_text('{"batch":"other","row":"x","status":"SUCCESS"}\n' * 100)

    assert piooy("batch", "rows.jsonl").code == 0
    assert log.charges == 2
    assert sorted(r["row"] for r in results(home) if r["batch"] != "other") == ["r0", "r1"]


def test_pruning_takes_no_row_from_a_batch(piooy, logged, home):
    """Its words are forgotten; that it was sent is not, even when the results are gone."""
    log = logged()
    rows(home / "rows.jsonl", 2)
    piooy("batch", "rows.jsonl")
    assert piooy("history", "prune", "--before", "1ms", "--yes").code == 0
    (home / "results.jsonl").unlink()

    assert piooy("batch", "rows.jsonl").code == 0
    assert log.charges == 2
    assert piooy("history", "--search", "picture").lines == []


def test_reasons_of_many_rows():
    """Without ids and numbers, so that a thousand rows have one reason."""
    reasons = {
        failure_label(NotDownloaded(f"asset 1 of task t{n}: got {n} bytes", task_id=f"t{n}"))
        for n in range(9)
    }

    assert len(reasons) == 1


def test_the_rate_of_a_burst():
    """Three rows that end together after a while are no hundred a second."""
    tally = BatchCounters("b", 10, {}, 0)
    tally._started -= 10
    for _ in range(3):
        tally.ended()

    assert tally.rate == pytest.approx(0.3, abs=0.05)


def test_a_damaged_ledger_sends_nothing(piooy, serve, home):
    """Indexes that hide what was sent: exit 13 before the first order, and what to do."""
    serve("--faults", "stuck", "--log", "log")
    (home / "p.txt").write_text("a\nb\n")
    batch = ("batch", "p.txt", "-m", "m", "--media", "image", "-o", "out")
    assert piooy(*batch, "--timeout", "1").code == 3
    damage_indexes(home.parent / "state" / "ledger.sqlite3", "orders_by_row", "orders_under_way")

    ran = piooy(*batch, "--timeout", "1")

    assert (ran.code, (home / "log").read_text().count('"charge"')) == (13, 2)
    assert "is damaged" in ran.err and "`piooy history check`" in ran.err


def damage_indexes(path, *names):
    """Set the number of cells in the root pages of indexes to 0."""
    with sqlite3.connect(path) as ledger:
        size = ledger.execute("pragma page_size").fetchone()[0]
        query = "select rootpage from sqlite_master where name = ?"
        roots = [ledger.execute(query, (name,)).fetchone()[0] for name in names]
    ledger.close()
    with path.open("r+b") as file:
        for root in roots:
            file.seek((root - 1) * size + 3)
            file.write(b"\0\0")


def in_batches(home):
    """All bytes that are stored of batches."""
    files = [path for path in home.parent.glob("state/batches/*/*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


@pytest.mark.parametrize("results_to", [(), ("--results", "/dev/null")])
def test_prompts_of_a_finished_batch_are_erased(piooy, logged, home, results_to):
    """`history_prompts = false`: no file of the batch has a prompt, and nothing is sent again."""
    log = logged()
    piooy("config", "set", "history_prompts", "false")
    rows(home / "rows.jsonl", 3, prompt="a secret plan " * 5000)
    run = ("batch", "rows.jsonl", "-o", "out", *results_to)

    first = piooy(*run)

    assert (first.code, len(first.lines)) == (0, 3)
    assert b"secret plan" not in in_batches(home) and 0 < len(in_batches(home)) < 100_000
    assert list(home.parent.glob("state/batches/*/*.sent"))
    for line in first.lines if results_to else ():
        Path(line).unlink()  # ended rows are not looked at again
    again = piooy(*run)
    assert (again.code, again.out, log.charges) == (0, "", 3)
    assert b"secret plan" not in in_batches(home)


def test_prompts_stay_while_a_batch_is_open(piooy, logged, home):
    """`history_prompts = false`: rows that are still to be sent keep what they ask for."""
    log = logged()
    piooy("config", "set", "history_prompts", "false")
    rows(home / "rows.jsonl", 3)

    piooy("batch", "rows.jsonl", "--limit", "2")

    assert b"picture 2" in in_batches(home)
    assert (piooy("batch", "rows.jsonl").code, log.charges) == (0, 3)
    assert b"picture" not in in_batches(home)


def test_failed_rows_are_known_when_prompts_are_erased(piooy, logged, home):
    """`history_prompts = false`: `--only failed` sends the failed row of a finished batch, once."""
    log = logged("--faults", "task-fails@2")
    piooy("config", "set", "history_prompts", "false")
    rows(home / "rows.jsonl", 3)

    codes = [piooy("batch", "rows.jsonl", "-j", "1").code for _ in range(2)]
    assert (codes, log.charges, b"picture" in in_batches(home)) == ([6, 6], 3, False)
    assert piooy("batch", "rows.jsonl", "--only", "failed").code == 0

    assert (log.charges, b"picture" in in_batches(home)) == (4, False)


def test_a_lost_ledger_is_noticed_when_prompts_are_erased(piooy, logged, home):
    """`history_prompts = false`: the note of the last order stays, so nothing is paid again."""
    log = logged()
    piooy("config", "set", "history_prompts", "false")
    rows(home / "rows.jsonl", 2)
    piooy("batch", "rows.jsonl")
    for path in home.parent.glob("state/ledger.sqlite3*"):
        path.unlink()

    ran = piooy("batch", "rows.jsonl")

    assert (ran.code, log.charges) == (13, 2) and "the ledger does not contain" in ran.err


def test_a_lost_ledger_is_noticed_whatever_the_rows_are_called(piooy, logged, home):
    """A sweep over long prompts has long keys; the note of the last order has room for them."""
    log = logged()
    (home / "rows.jsonl").write_text('{"id": "a", "prompt": "x"}\n')
    run = ("batch", "rows.jsonl", "-m", "nano-banana-pro", "--vary", "prompt=" + "long " * 1000)
    assert piooy(*run).code == 0 and piooy(*run).code == 0
    for path in home.parent.glob("state/ledger.sqlite3*"):
        path.unlink()

    ran = piooy(*run)

    assert (ran.code, log.charges) == (13, 1) and "the ledger does not contain" in ran.err


def test_prompts_are_kept_otherwise(piooy, sandbox, home):
    """By default the rows of a finished batch stay as they are."""
    rows(home / "rows.jsonl", 1)
    piooy("batch", "rows.jsonl")

    assert b"picture 0" in in_batches(home)
