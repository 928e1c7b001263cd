"""A batch that is killed at any moment, and started again: each row is charged once, or in doubt.

The judge is the sandbox's own log of charges; each row has a model of its own, which the log names.
`make soak` kills a thousand times, the suite a few.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

ROWS = 120
FAULTS = (
    "generate/429:1s:4%,generate/500:1%,drop-before:1%,drop-after-accept:2%,generate/truncate:1%,"
    "task/503:5%,task/truncate:3%,task-fails:3%,asset-truncate:5%,asset-html:2%,expired-url:5%"
)
# Imports once, then forks a run of the batch for each line that it reads.
FORKING = """
import os, sys, threading
import piooy_cli.tasks.pipeline, piooy_cli.app.context, piooy_cli.api.client, piooy_cli.ledger.sqlite.store, piooy_cli.cli.app
import piooy_cli.output.quiet, piooy_cli.output.plain, piooy_cli.cli.commands.batch
import piooy_cli.batch.runner, piooy_cli.batch.sources, piooy_cli.batch.prepare, piooy_cli.batch.report
import piooy_cli.tasks.submitter, piooy_cli.tasks.input_resolver, piooy_cli.requests.input_refs
import piooy_cli.cli.commands.run, piooy_cli.app.production, piooy_cli.batch.production.nodes
import piooy_cli.downloads.saver, piooy_cli.requests.catalogue, piooy_cli.api.transport, asyncio
from piooy_cli.__main__ import main
from piooy_cli.concurrency.limits import Limits
from piooy_cli.tasks.poll_schedule import Pace
from piooy_cli.app.context import Context

numbers = Limits(connect=2, post_read=2, post_whole=3, get_read=2, get_whole=3, backoff_base=.01, backoff_cap=.05, asset_idle=2, limit_base=.01, limit_cap=.05)
pace = Pace(early=.03, floor=.03, ceiling=.06)

def reap(pid):
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open("out.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT), 1)
        os.dup2(os.open("err.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT), 2)
        os._exit(main(line.split(), Context(limits=numbers, pace=pace)))
    print(pid, flush=True)
    threading.Thread(target=reap, args=(pid,), daemon=True).start()
"""


class Runs:
    """Starts runs of one batch, and kills them."""

    def __init__(self, command, forking=FORKING):
        self.command = command
        self.process = subprocess.Popen(
            [sys.executable, "-c", forking],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, seconds=None, after=None):
        """Its exit code; a negative one where it was killed so many seconds `after` a file is there."""
        self.process.stdin.write(self.command + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        end = time.monotonic() + 5
        while after and not list(after[0].glob(after[1])) and time.monotonic() < end:
            time.sleep(0.005)
        if seconds is not None:
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it was quicker
                os.kill(pid, signal.SIGKILL)
        return int(self.process.stdout.readline().split()[1])

    def close(self):
        """No more."""
        self.process.communicate(timeout=30)


def manifest(path, rows):
    """A model for each row, so that the log of charges tells them apart."""
    lines = [
        {"prompt": f"picture {n}", "model": f"m{n}", "media": "image", "id": f"r{n}"}
        for n in range(rows)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def charges(log):
    """How often each model was charged, by the server's word."""
    lines = map(json.loads, log.read_text().splitlines()) if log.exists() else []
    return Counter(line["model"] for line in lines if line["event"] == "charge")


def one_batch(serve, place, chance, kills):
    """Run a batch until it is done, killing it at random up to `kills` times; how often it was."""
    place.mkdir()
    os.chdir(place)
    os.environ["PIOOY_STATE_DIR"] = str(place / "state")
    serve("--faults", FAULTS, "--seed", str(chance.random()), "--log", "log", "--state", "sandbox")
    manifest(place / "rows.jsonl", ROWS)
    runs, killed = Runs("--quiet batch rows.jsonl -o out -r 256 -j 8"), 0
    while killed < kills:
        code = runs.run(0.02 + chance.random() * 0.25)
        killed += code == -signal.SIGKILL
        if code in (0, 5, 6, 11) and not is_open(place):
            break
    for _ in range(20):
        code = runs.run()
        if not is_open(place):
            break
    runs.close()
    return killed, code


def is_open(place):
    """Whether a row has neither ended nor is in doubt."""
    found = list((place / "state" / "batches").glob("*/*.sqlite3"))
    if not found:
        return True
    with sqlite3.connect(found[0]) as spool:
        query = "select count(*) from rows where open = 1 and told is not 'UNKNOWN'"
        count = spool.execute(query).fetchone()[0]
    spool.close()
    return count > 0


def judge(place):
    """The promises, row by row; how many are in doubt."""
    with sqlite3.connect(place / "state" / "ledger.sqlite3") as ledger:
        orders = ledger.execute("select row, state, model, status, task_id from orders").fetchall()
        files = ledger.execute(
            "select row, path, sha256 from assets join orders on orders.id = order_id"
        ).fetchall()
    ledger.close()
    charged = charges(place / "log")
    states = {row: (state, status) for row, state, _, status, _ in orders}
    assert len(states) == len(orders) == ROWS
    for row, state, model, _, _ in orders:
        expected = {"SUBMITTED": (1,), "UNKNOWN": (0, 1), "REFUSED": (0,)}[state]
        assert charged[model] in expected, (row, state, charged[model])
    assert sum(charged.values()) == len(charged)
    check_files(files, states)
    check_results(place / "out" / "results.jsonl", states)
    assert not list((place / "out").glob(".piooy-*"))
    return sum(state == "UNKNOWN" for state, _ in states.values())


def check_files(files, states):
    """Every asset of a row that succeeded is on disk, whole."""
    import hashlib

    saved = {row for row, _, _ in files}
    assert saved == {row for row, (_, status) in states.items() if status == "SUCCESS"}
    for _, path, digest in files:
        data = Path(path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest
        with Image.open(path) as picture:
            picture.load()


def check_results(path, states):
    """A line for each row, none broken; the last one of a row says what the ledger says."""
    text = path.read_bytes()
    assert text.endswith(b"\n")
    records = [json.loads(line) for line in text.splitlines()]
    told = Counter(record["row"] for record in records)
    assert set(told) == set(states)
    assert max(told.values()) == 1
    for record in records:
        state, status = states[record["row"]]
        assert record["status"] == (status if state == "SUBMITTED" else state)


def check_kills(serve, home, kills):
    """Batches, one after the other, until there were so many kills."""
    chance, killed, doubts, batches = random.Random(7), 0, 0, 0
    while killed < kills:
        place = home / f"b{batches}"
        times, code = one_batch(serve, place, chance, kills - killed)
        doubts += judge(place)
        assert code in (0, 6, 11)
        killed, batches = killed + times, batches + 1
    told = f"{killed} kills, {batches} batches of {ROWS} rows, {doubts} rows in doubt"
    print(told, file=sys.__stderr__)


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Each batch has a directory and a state of its own."""
    monkeypatch.setenv("PIOOY_STATE_DIR", os.environ["PIOOY_STATE_DIR"])
    monkeypatch.chdir(Path.cwd())


def test_some_kills(serve, home):
    """Killed again and again: each row is charged once, or in doubt."""
    check_kills(serve, home, 5)


@pytest.mark.soak
def test_a_thousand_kills(serve, home):
    """Thousands of kills: no order is charged twice, none is lost."""
    check_kills(serve, home, int(os.environ.get("BATCH_KILLS", "1000")))


LOST_ROWS = 16
UNGUARDED = """
import piooy_cli.batch.sent_mark as sent_mark
sent_mark.SentMark.check = lambda *arguments: None
"""


def lose(how, ledger, older):
    """Do to the ledger what people do by mistake."""
    ledger.parent.mkdir(mode=0o700, exist_ok=True)  # a run that was killed early has made nothing
    for path in ledger.parent.glob(f"{ledger.name}*"):
        path.unlink()
    if how == "emptied":
        ledger.touch()
    elif how == "older" and older.exists():
        shutil.copy(older, ledger)


def copied(ledger, place):
    """A copy of the ledger as it is now, as a backup makes it."""
    if ledger.exists():
        with sqlite3.connect(ledger) as source, sqlite3.connect(place) as target:
            source.backup(target)
        source.close()
        target.close()


def lost_ledgers(serve, home, trials, forking=FORKING):
    """Kill batches at random, lose their ledgers, run them again; which models were paid twice."""
    chance, log = random.Random(11), home / "log"
    serve("--log", str(log), "--state", str(home / "sandbox"))
    refused = 0
    for trial in range(trials):
        place = home / f"t{trial}"
        place.mkdir()
        os.chdir(place)
        os.environ["PIOOY_STATE_DIR"] = str(place / "state")
        lines = [
            {"prompt": "x", "model": f"t{trial}m{n}", "media": "image"} for n in range(LOST_ROWS)
        ]
        (place / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        runs = Runs("--quiet batch rows.jsonl -o out -r 256 -j 4", forking)
        ledger = place / "state" / "ledger.sqlite3"
        runs.run(chance.random() * 0.1, after=(place / "state", "batches/*/*.sent"))
        copied(ledger, place / "older")
        runs.run(0.02 + chance.random() * 0.2)
        lose(("removed", "emptied", "older")[trial % 3], ledger, place / "older")
        refused += runs.run() == 13
        runs.close()
    return [model for model, times in charges(log).items() if times > 1], refused


def test_some_lost_ledgers(serve, home):
    """Removed, emptied or put back to an older copy: nothing is sent twice, exit 13 where it would."""
    twice, refused = lost_ledgers(serve, home, 6)
    assert twice == [] and refused > 0


@pytest.mark.soak
def test_a_thousand_lost_ledgers(serve, home):
    """Nothing is paid twice; without the note of what was sent, rows are."""
    trials = int(os.environ.get("LOST_LEDGERS", "1000"))
    twice, refused = lost_ledgers(serve, home, trials)
    print(f"{trials} lost ledgers, {refused} refused, {len(twice)} paid twice", file=sys.__stderr__)
    assert twice == []


@pytest.mark.soak
def test_lost_ledgers_without_the_guard(serve, home):
    """The negative control: the harness sees rows that are paid twice."""
    twice, _ = lost_ledgers(serve, home, 12, UNGUARDED + FORKING)
    print(f"without the guard: {len(twice)} rows paid twice", file=sys.__stderr__)
    assert twice != []
