"""More of the fault catalogue, each row by its number; the others stand beside their commands."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from conftest import KEY, QUICK
from processes import PIOOY, start, wait_for
from servers import PNG, TASK, accepted, answer, expect_look, expect_order, read_request, task
from test_generate import GENERATE

from piooy_cli.ledger.sqlite.store import SqliteOrderStore

STRACE = shutil.which("strace")


def rows(home, columns="state"):
    """What the ledger holds."""
    with sqlite3.connect(home.parent / "state" / "ledger.sqlite3") as connection:
        found = connection.execute(f"select {columns} from orders order by id").fetchall()
    connection.close()
    return [row[0] if len(row) == 1 else row for row in found]


def reset(connection):
    """Close with a reset, as a machine does that went away."""
    import socket
    import struct

    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a06_reset_before_reading(piooy, raw, home):
    """Bytes may have been read: in doubt, sent once; or proof that none was. Never charged twice."""
    server = raw(reset)

    ran = piooy(*GENERATE, "x")

    assert ran.code in (10, 11)
    assert rows(home) == (["UNKNOWN"] if ran.code == 11 else ["PLANNED"])
    assert server.connections <= 4


def test_a10_reset_in_the_middle_of_the_body(piooy, raw, home):
    """The part that arrived may be enough: in doubt."""
    (home / "big.png").write_bytes(PNG + bytes(9_000_000))
    raw(lambda c: (c.recv(100_000), reset(c)))

    assert piooy(*GENERATE, "--inline", "-i", "big.png", "x").code == 11
    assert rows(home) == ["UNKNOWN"]


def test_a14_an_answer_that_drips(piooy, raw, home):
    """The deadline counts the whole answer; a task id in what has arrived is not believed."""
    text = b'{"code":0,"data":{"taskId":"t1"}}'

    def drip(connection):
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + text)
        for _ in range(100):
            time.sleep(0.2)
            connection.sendall(b" ")

    raw(drip)
    begun = time.monotonic()

    assert piooy(*GENERATE, "x").code == 11
    assert time.monotonic() - begun < QUICK.post_whole + 2
    assert rows(home, "state, task_id") == [("UNKNOWN", None)]


BEHIND_A_PROXY = [*GENERATE, "x", "--base-url", "https://api.example.invalid"]


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (
            lambda c: (
                read_request(c),
                c.sendall(answer(b"", "407 Proxy Authentication Required")),
            ),
            10,
        ),
        (
            lambda c: (read_request(c), c.sendall(answer(b"<html>login</html>", "403 Forbidden"))),
            10,
        ),
        (lambda c: (read_request(c), c.recv(1)), 10),
    ],
    ids=["407", "403", "silence"],
)
def test_a36_a_proxy_that_lets_nothing_through(piooy, raw, home, monkeypatch, behave, code):
    """CONNECT is not the order: nothing was sent."""
    monkeypatch.setenv("PIOOY_API_KEY", KEY)
    proxy = raw(behave, is_api=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    ran = piooy(*BEHIND_A_PROXY, numbers=QUICK._replace(connect=0.5))

    assert (ran.code, rows(home)) == (code, ["PLANNED"])


def test_a36_a_proxy_that_dies_behind_the_tunnel(piooy, raw, home, monkeypatch):
    """After CONNECT was answered the handshake fails: still nothing was sent."""
    monkeypatch.setenv("PIOOY_API_KEY", KEY)
    proxy = raw(lambda c: (read_request(c), c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")), is_api=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    ran = piooy(*BEHIND_A_PROXY, numbers=QUICK._replace(connect=0.5))

    assert (ran.code, rows(home)) == (10, ["PLANNED"])


def test_a37_a_reference_larger_than_is_sane(piooy, api, home):
    """Refused before the intent is written."""
    with (home / "huge.png").open("wb") as file:
        file.truncate(2 << 30)

    assert piooy(*GENERATE, "--inline", "-i", "huge.png", "x").code == 2
    assert not (home.parent / "state").exists() and api.log == []


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/zero", p)],
    ids=["FIFO", "directory", "device"],
)
def test_a38_a_reference_that_is_no_file(piooy, api, home, make):
    """Opened once, looked at once: exit 2 before the intent."""
    make(home / "x.png")

    assert piooy(*GENERATE, "--inline", "-i", "x.png", "x").code == 2
    assert api.log == []


def test_b20_a_laptop_that_slept(api):
    """Stopped in the middle of a wait and continued: the wait continues."""
    expect_look(api, *[task("PROCESSING")] * 2, task(result={"results": ["https://e.com/a"]}))
    process = start("wait", TASK)
    wait_for(lambda: len(api.log) >= 1)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    process.send_signal(signal.SIGCONT)

    out, _ = process.communicate(timeout=30)

    assert (process.returncode, out) == (0, TASK + "\n")


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
@pytest.mark.parametrize("call", ["fsync", "fdatasync"])
def test_d06_a_disk_that_does_not_sync(api, home, call):
    """EIO on the intent's commit: the POST is not sent, exit 13."""
    expect_order(api)
    SqliteOrderStore(home.parent / "state", "x").connection.close()
    inject = [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error=EIO:when=1+"]
    ran = subprocess.run(
        [*inject, *PIOOY, *GENERATE, "--no-wait", "x"], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, api.log) in ((13, []), (0, api.log))
    assert ran.returncode == 13 or call == "fsync"


def test_d18_a_sqlite_that_may_lose_a_wal(home):
    """Below 3.51.3 the journal is rolled back and synced twice; from it on a WAL is sound."""
    ledger = SqliteOrderStore(home.parent / "state", "x")
    mode = ledger.connection.execute("pragma journal_mode").fetchone()[0]
    sync = ledger.connection.execute("pragma synchronous").fetchone()[0]

    assert (mode, sync) == (
        ("wal", 2) if sqlite3.sqlite_version_info >= (3, 51, 3) else ("delete", 3)
    )


def test_d30_a_clock_that_was_set_back(piooy, api, home, monkeypatch):
    """Order is by row, not by time."""
    expect_order(api)
    now = time.time()
    first = piooy(*GENERATE, "--no-wait", "x").lines[0]
    monkeypatch.setattr(time, "time", lambda: now - 86_400)
    second = piooy(*GENERATE, "--no-wait", "x").lines[0]

    assert [line.split("\t")[0] for line in piooy("history").lines] == [second, first]


def test_i08_two_downloads_of_one_task(api, home):
    """One file, both exit 0."""
    expect_look(api, task("SUCCESS", {"results": [api.url_for("/f.png")]}))
    api.expect_request("/f.png").respond_with_data(PNG)
    both = [start("download", TASK, "-o", "out") for _ in range(2)]
    ended = [process.communicate(timeout=30)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert ended[0] == ended[1]
    assert [path.read_bytes() for path in (home / "out").iterdir()] == [PNG]


def test_i10_one_of_several_is_refused(piooy, api, home):
    """The others are finished, and none is left between two states."""
    for body in (accepted("t1"), {"code": -1, "message": "no"}, accepted("t2")):
        api.expect_oneshot_request("/api/v1/generate", method="POST").respond_with_json(body)

    assert piooy(*GENERATE, "--no-wait", "-n", "3", "x").code == 6
    assert sorted(rows(home)) == ["REFUSED", "SUBMITTED", "SUBMITTED"]


def test_i12_a_newer_piooy_upgrades_meanwhile(home):
    """The old one's next start stops, and leaves the file alone."""
    newer = SqliteOrderStore(home.parent / "state", "x")
    newer.connection.execute("pragma user_version = 99")
    ran = subprocess.run([*PIOOY, "history"], capture_output=True, text=True, check=False)

    assert ran.returncode == 13 and "newer version of piooy" in ran.stderr


def test_j01_a_signal_leaves_no_doubt(raw, home):
    """The answer came in the grace: the row is SUBMITTED, and nothing is UNKNOWN."""
    arrived = threading.Event()

    def slow(connection):
        read_request(connection)
        arrived.set()
        time.sleep(0.7)
        connection.sendall(answer(json.dumps(accepted()).encode()))

    raw(slow)
    process = start(*GENERATE, "x")
    assert arrived.wait(10)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)

    assert (process.returncode, rows(home)) == (143, ["SUBMITTED"])


def test_j02_j10_signals_without_end(raw, home):
    """Fifty a second: gone within a second of the second one, in doubt, the ledger whole."""
    arrived = threading.Event()
    raw(lambda c: (read_request(c), arrived.set(), c.recv(1)))
    process = start(*GENERATE, "x")
    assert arrived.wait(10)
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < 5:
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    _, err = process.communicate(timeout=5)

    assert (process.returncode, rows(home)) == (11, ["UNKNOWN"])
    assert time.monotonic() - begun < 2 and "Traceback" not in err


def test_j05_a_reader_that_leaves_loses_no_task(api, home):
    """The orders that were on their way are recorded all the same; exit 141."""
    expect_order(api)
    define = f'piooy() {{ "{sys.executable}" -m piooy_cli "$@"; }}\n'
    script = f"{define} piooy -q {' '.join(GENERATE)} --no-wait -n 10 x | head -1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    assert ran.stdout.splitlines()[-1] in ("141", "0") and ran.stderr == ""
    assert rows(home).count("SUBMITTED") == len(api.log)
    assert set(rows(home)) <= {"SUBMITTED", "PLANNED"}


def test_j12_a_terminal_that_is_gone(api, home):
    """The hang-up of a terminal ends the wait, not the task."""
    import pty

    expect_look(api, task("PROCESSING"))
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [*PIOOY, "wait", TASK])
    wait_for(lambda: len(api.log) >= 2)
    os.close(terminal)

    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert code in (129, -1)
    assert rows(home, "state, status") == [("SUBMITTED", "PROCESSING")]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_k04_no_descriptors_left(api, home, n):
    """The ledger is open before the first POST: recording the answer needs no new descriptor."""
    expect_order(api)
    limit = f"ulimit -n {12 + n}; "
    ran = subprocess.run(
        ["bash", "-c", limit + " ".join([*PIOOY, "-q", *GENERATE, "--no-wait", "x"])],
        capture_output=True,
        text=True,
        check=False,
    )

    found = rows(home) if (home.parent / "state" / "ledger.sqlite3").exists() else []
    assert len(api.log) == found.count("SUBMITTED") + found.count("UNKNOWN")
    assert "Traceback" not in ran.stderr or len(api.log) == 0
