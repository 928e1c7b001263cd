"""Killed at any moment: no order is paid twice, none is lost, and doubt is bounded.

The server charges what it accepted in full; its own log is the judge. `make soak` kills ten thousand
times, the suite a few dozen.
"""

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest
from conftest import KEY, RawServer
from servers import answer, read_request

IN_FLIGHT = 4
STRACE = shutil.which("strace")


class Charging:
    """Charges each order once it has read it whole; its answer may be lost on the way."""

    def __init__(self, seed, lossy=True):
        self.charged = Counter()
        self.withheld = 0
        self._random = random.Random(seed)
        self._lossy = lossy
        self._lock = threading.Lock()
        self.server = RawServer(self._serve)

    def _serve(self, connection):
        request = read_request(connection)
        prompt = re.search(rb'"prompt":"([^"]+)"', request)[1].decode()
        with self._lock:
            fate = self._random.random() if self._lossy else 1
            if fate > 0.1:
                self.charged[prompt] += 1
            number = sum(self.charged.values())
            self.withheld += 0.1 <= fate <= 0.2
        if fate < 0.05:
            connection.sendall(answer(b"{}", "429 Slow", "retry-after: 1"))
        elif fate < 0.1:
            connection.sendall(answer(b'{"code":-1,"message":"no"}', "400 Bad"))
        elif fate > 0.2:
            time.sleep(self._random.random() * 0.004)
            connection.sendall(
                answer(b'{"code":0,"data":{"taskId":"%s-%d"}}' % (prompt.encode(), number))
            )


# One process that sends orders until it is killed: the road itself, without the start-up of Python.
SENDER = """
import asyncio, os, sys
from piooy_cli.app.context import Context
from piooy_cli.domain.models import MediaType, Order
from piooy_cli.concurrency.limits import Limits
from piooy_cli.domain.errors import PiooyError

run, first = sys.argv[1], int(sys.argv[2])
session = Context(limits=Limits(connect=2, post_read=2, post_whole=3, limit_base=.01, limit_cap=.02, limit_tries=2))
session.quiet = True

async def send(session):
    async with session.pipeline() as pipeline:
        os.write(int(sys.argv[3]), b".")
        async def one(n):
            pipeline._submitter._closed = None
            try:
                await pipeline.make(Order(MediaType.IMAGE, "text-to-image", "p", "m", f"{run}-{n}"), None, wait=False)
            except PiooyError:
                pass
        await asyncio.gather(*(worker(one, k) for k in range(WORKERS)))

async def worker(one, k):
    n = first + k
    while True:
        await one(n)
        n += WORKERS

session.run(send)
""".replace("WORKERS", str(IN_FLIGHT))


def kill_at_random(state, kills, seed=7):
    """Start senders on one ledger, kill each at a random time; returns the server."""
    server, chance = Charging(seed), random.Random(seed)
    environ = os.environ | {
        "PIOOY_BASE_URL": server.server.url,
        "PIOOY_API_KEY": KEY,
        "PIOOY_STATE_DIR": str(state),
    }
    forker = subprocess.Popen(
        [sys.executable, "-c", FORKING, SENDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
        text=True,
    )
    for number in range(kills):
        # Mostly as it begins to send, however late a loaded machine may be with that.
        forker.stdin.write(f"{number} {'early' if chance.random() < 0.2 else 'late'}\n")
        forker.stdin.flush()
        pid = int(forker.stdout.readline())
        time.sleep(0.002 + chance.random() * 0.03)
        os.kill(pid, signal.SIGKILL)
    forker.communicate(timeout=30)
    server.server.close()
    return server


# Imports once, then forks a sender for each line that it reads: a kill costs 5 ms instead of 200.
FORKING = """
import os, sys
import piooy_cli.tasks.pipeline, piooy_cli.app.context, piooy_cli.api.client, piooy_cli.ledger.sqlite.store, piooy_cli.output.quiet
import piooy_cli.tasks.submitter, piooy_cli.tasks.input_resolver, piooy_cli.concurrency.signals
import piooy_cli.api.transport, asyncio, piooy_cli.ledger.sqlite.history, piooy_cli.output.plain, piooy_cli.requests.catalogue
code = compile(sys.argv[1], "sender", "exec")
for line in sys.stdin:
    ready, begun = os.pipe()
    pid = os.fork()
    if pid == 0:
        if line.endswith("early\\n"):
            os.write(begun, b".")
        sys.argv = ["sender", "r" + line.split()[0], "0", str(begun)]
        sys.stdin = open(os.devnull)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        exec(code, {"__name__": "sender"})
        os._exit(0)
    os.read(ready, 1), os.close(ready), os.close(begun)
    print(pid, flush=True)
    import threading
    threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True).start()
"""


def judged(piooy, state, server, kills):
    """Compare the ledger with what was charged."""
    assert piooy("history", "--base-url", server.server.url).code == 0
    with sqlite3.connect(state / "ledger.sqlite3") as connection:
        found = connection.execute("select prompt, state from orders").fetchall()
    connection.close()
    states = dict(found)
    assert len(states) == len(found)
    double = [prompt for prompt, count in server.charged.items() if count > 1]
    lost = [
        prompt for prompt in server.charged if states.get(prompt) not in ("SUBMITTED", "UNKNOWN")
    ]
    untrue = [
        prompt
        for prompt, state in states.items()
        if state == "SUBMITTED" and not server.charged[prompt]
    ]
    unknown = sum(state == "UNKNOWN" for state in states.values())
    line = f"{kills} kills, {len(states)} orders, {sum(server.charged.values())} charges"
    print(f"{line}, {unknown} in doubt", file=sys.__stderr__)
    return double, lost, untrue, states


def test_random_kills(piooy, home, monkeypatch):
    """0 double, 0 lost, no order between two states; doubt within what was in flight."""
    check_kills(piooy, home.parent / "state", 40)


@pytest.mark.soak
def test_ten_thousand_kills(piooy, home):
    """Thousands of kills: no order is charged twice, none is lost."""
    check_kills(piooy, home.parent / "state", int(os.environ.get("KILLS", "10000")))


def check_kills(piooy, state, kills):
    """The judgement on so many kills."""
    server = kill_at_random(state, kills)
    double, lost, untrue, states = judged(piooy, state, server, kills)

    assert (double, lost, untrue) == ([], [], [])
    assert len(states) > kills / 5  # machines have load
    assert set(states.values()) <= {"PLANNED", "SUBMITTED", "REFUSED", "UNKNOWN"}
    doubt = sum(state == "UNKNOWN" for state in states.values())
    assert doubt <= kills * IN_FLIGHT + server.withheld


def one_order(state, url, *before):
    """A whole `generate --no-wait`, perhaps under strace."""
    command = [
        *before,
        sys.executable,
        "-m",
        "piooy_cli",
        "-q",
        "generate",
        "image",
        "-m",
        "m",
        "--no-wait",
        "only",
    ]
    environ = os.environ | {
        "PIOOY_BASE_URL": url,
        "PIOOY_API_KEY": KEY,
        "PIOOY_STATE_DIR": str(state),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


# What touches the disk or the network: between two of these nothing that lasts can happen.
CALLS = "openat,pwrite64,write,fsync,fdatasync,unlink,connect,sendto,recvfrom,ftruncate,rename,link"


def points(home, url):
    """How often each such call is made from the opening of the ledger on, by an undisturbed run."""
    trace = home / "trace"
    one_order(home / "counted", url, STRACE, "-f", "-e", f"trace={CALLS}", "-o", str(trace))
    counts, begun = Counter(), {}
    for line in trace.read_text(errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\(", line)
        if not call:
            continue
        counts[call[1]] += 1
        if "ledger.sqlite3" in line and not begun:
            begun = dict(counts)
    return {call: range(begun.get(call, 1), total + 1) for call, total in counts.items()}


def check_point(piooy, home, number, call, n):
    """One run killed at its n-th such call, and the next command: nothing is paid twice or lost."""
    server, state = Charging(number, lossy=False), home / f"s{number}"
    one_order(
        state,
        server.server.url,
        STRACE,
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        f"inject={call}:signal=SIGKILL:when={n}",
    )
    again = one_order(state, server.server.url) if not (state / "ledger.sqlite3").exists() else None
    charged = sum(server.charged.values())
    states = []
    if (state / "ledger.sqlite3").exists():
        environ = {"PIOOY_BASE_URL": server.server.url, "PIOOY_STATE_DIR": str(state)}
        ran = subprocess.run(
            [sys.executable, "-m", "piooy_cli", "history"],
            env=os.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        with sqlite3.connect(state / "ledger.sqlite3") as connection:
            states = [row[0] for row in connection.execute("select state from orders")]
        connection.close()
    server.server.close()
    accounted = sum(one in ("SUBMITTED", "UNKNOWN") for one in states)
    assert charged <= accounted <= 1 + bool(again), (call, n, charged, states)
    assert not {"SENDING"} & set(states)


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_some_crash_points(piooy, home):
    """Every thirteenth of the enumerated ones."""
    enumerate_points(piooy, home, step=13)


@pytest.mark.soak
@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_every_crash_point(piooy, home):
    """Each of them; STEP=N takes every N-th."""
    enumerate_points(piooy, home, step=int(os.environ.get("STEP", "1")))


def enumerate_points(piooy, home, step):
    """Kill at each point in turn."""
    server = Charging(0, lossy=False)
    every = [(call, n) for call, counts in points(home, server.server.url).items() for n in counts]
    server.server.close()
    chosen = every[::step]
    print(f"{len(chosen)} of {len(every)} crash points", file=sys.__stderr__)
    assert len(every) > 20
    for number, (call, n) in enumerate(chosen):
        check_point(piooy, home, number, call, n)


@pytest.mark.soak
def test_a_thousand_dropped_connections(piooy, home, raw):
    """Exactly 1,000 charges, 1,000 rows in doubt, and no second POST on any later command."""
    charged = Counter()

    def drop(connection):
        request = read_request(connection)
        charged[re.search(rb'"prompt":"([^"]+)"', request)[1]] += 1

    server = raw(drop)
    for number in range(1000):
        assert piooy("-q", "generate", "image", "-m", "m", f"p{number}").code == 11
    for command in (
        ["history"],
        ["history", "check"],
        ["wait", "--pending"],
        ["download", "--unsaved"],
    ):
        piooy(*command)

    assert (len(charged), max(charged.values()), server.connections) == (1000, 1, 1000)
    assert len(piooy("history", "--unknown", "-n", "2000").lines) == 1000


@pytest.mark.soak
def test_the_negative_control(home):
    """The same faults with a client that submits, retries and records afterwards: it pays twice."""
    import urllib.request

    server = Charging(7)
    for number in range(300):
        for _ in range(3):
            body = b'{"prompt":"c-%d"}' % number
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(server.server.url, body), timeout=2
                ):
                    break
            except OSError:
                continue
    server.server.close()

    assert sum(count > 1 for count in server.charged.values()) > 0
