"""Real processes, pipes, terminals and signals: what only the operating system can show."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from processes import PIOOY, shell, start, wait_for
from servers import PNG, TASK, accepted, answer, expect_look, expect_order, read_request, task
from werkzeug.wrappers import Response


def test_the_three_commands_in_a_pipe(sandbox, home):
    """Order, wait and save: one path, and the file is there."""
    ran = shell(
        'piooy generate image -m nano-banana-pro --no-wait "a red fox" | piooy wait | piooy download -o out/'
    )

    (path,) = ran.stdout.splitlines()
    assert ran.returncode == 0
    assert (home / path).read_bytes().startswith(b"\x89PNG")


def test_the_same_with_json(sandbox, home):
    """Each stage prints JSON Lines that the next one reads."""
    script = """
    set -o pipefail
    piooy generate image -m nano-banana-pro --no-wait --json "x" | tee 1 | piooy wait --json | tee 2 | piooy download --json -o out | tee 3
    """
    ran = shell(script)

    stages = [[json.loads(line) for line in (home / n).read_text().splitlines()] for n in "123"]
    assert ran.returncode == 0
    assert [len(stage) for stage in stages] == [1, 1, 1]
    assert len({stage[0]["id"] for stage in stages}) == 1
    assert [stage[0]["status"] for stage in stages] == ["PENDING", "SUCCESS", "SUCCESS"]
    assert os.path.exists(stages[2][0]["assets"][0]["path"])  # noqa: PTH110


def test_a_while_read_loop_sends_every_line(sandbox, home):
    """No command eats the loop's stdin."""
    (home / "prompts.txt").write_text("one\ntwo\nthree\n")

    ran = shell(
        'while read p; do piooy generate image -m nano-banana-pro --no-wait "$p"; done < prompts.txt > ids.txt; piooy wait - < ids.txt | piooy download -o out/ | xargs -r ls'
    )

    assert len((home / "ids.txt").read_text().splitlines()) == 3
    assert len(ran.stdout.splitlines()) == 3


def test_work_starts_before_stdin_ends(api):
    """The first id is printed while the pipe is still open."""
    expect_look(api, task("SUCCESS", {"results": ["https://e.com/a.png"]}))
    process = start("wait", stdin=subprocess.PIPE)
    process.stdin.write(TASK + "\n")
    process.stdin.flush()

    assert process.stdout.readline() == TASK + "\n"
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_reader_that_leaves_is_quiet(api):
    """No BrokenPipeError, exit 141."""
    for n in range(1, 6):
        api.expect_request(f"/api/v1/task/t{n}").respond_with_json(task(id=f"t{n}"))

    ran = shell("piooy task t1 t2 t3 t4 t5 | true; echo ${PIPESTATUS[0]}")

    assert ran.stdout in ("141\n", "0\n")
    assert "rror" not in ran.stderr


def test_a_full_stdout_is_storage(api):
    """A result that cannot be written is reported: exit 13."""
    expect_look(api, task())

    ran = shell(f"piooy task {TASK} > /dev/full; echo $?")

    assert ran.stdout == "13\n"
    assert "No space left" in ran.stderr and "Traceback" not in ran.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_no_harm(api, closed):
    """The outcome decides."""
    expect_look(api, task())

    ran = shell(f"( piooy task {TASK} {closed} ) ; echo $? >&2")

    assert ran.stderr.splitlines()[-1] == "0"


def test_cron_success_is_silent_and_failure_is_one_message(sandbox, home):
    """No terminal, no PATH, no HOME, ASCII: nothing on success, the reason once on failure."""
    bare = {"PIOOY_BASE_URL": sandbox, "PIOOY_API_KEY": "test-key-0123456789abcdef", "PATH": "/usr/bin:/bin",
            "PIOOY_STATE_DIR": str(home / "s"), "PIOOY_CONFIG_DIR": str(home / "c")}  # fmt: skip
    good = subprocess.run(
        [*PIOOY, "generate", "image", "-q", "-m", "x", "-o", "out", "Füchse"],
        env=bare,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    bad = subprocess.run(
        [*PIOOY, "-q", "task", "nope"],
        env=bare,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("out/füchse-")
    assert (bad.returncode, bad.stdout) == (14, "")
    assert "task nope was not found" in bad.stderr


def test_without_home_nothing_breaks(monkeypatch):
    """Commands that need no directory make none."""
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("HOME", "PIOOY_CONFIG_DIR", "PIOOY_STATE_DIR")
    }
    for more in ({}, {"HOME": "/proc/nowhere"}):
        ran = subprocess.run(
            [*PIOOY, "models"], env=environ | more, capture_output=True, text=True, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_while_waiting_detaches_at_once(api, number, code):
    """Ids and the command that continues are printed, within half a second."""
    for n in range(3):
        api.expect_request(f"/api/v1/task/t{n}").respond_with_json(task("PROCESSING", id=f"t{n}"))
    process = start("wait", "t0", "t1", "t2")
    wait_for(lambda: len(api.log) >= 3)
    sent = time.monotonic()
    process.send_signal(number)

    out, err = process.communicate(timeout=10)

    assert (process.returncode, out) == (code, "")
    assert time.monotonic() - sent < 2
    assert "piooy wait t0 t1 t2" in err and "Traceback" not in err


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "timeout"])
def test_the_printed_command_finishes_the_job(api, home, how):
    """The ids are on stderr and in the history, and what is printed saves the files where asked."""
    done = threading.Event()

    def look(request):
        task_id = request.path.rsplit("/", 1)[1]
        result = {"results": [api.url_for(f"/{task_id}.png")]}
        return Response(
            json.dumps(task("SUCCESS" if done.is_set() else "PENDING", result, id=task_id))
        )

    for name in ("t0", "t1"):
        api.expect_request(f"/api/v1/task/{name}").respond_with_handler(look)
        api.expect_request(f"/{name}.png").respond_with_data(PNG)
    timeout = ["--timeout", "1"] if how == "timeout" else []
    process = start("wait", "--download", "-o", "my files/{id}.{ext}", *timeout, "t0", "t1")
    wait_for(lambda: len(api.log) >= 2)
    if how != "timeout":
        process.send_signal(getattr(signal, how))
    _, err = process.communicate(timeout=10)
    command = re.findall(r"to continue: `(piooy [^`]*)`", err)[-1]
    done.set()

    ran = shell(command)

    assert process.returncode == {"SIGINT": 130, "SIGTERM": 143, "timeout": 3}[how]
    assert "t0" in err and "t1" in err and shell("piooy history").stdout.count("PENDING") == 0
    assert (ran.returncode, sorted(ran.stdout.splitlines())) == (
        0,
        ["my files/t0.png", "my files/t1.png"],
    )
    assert (home / "my files/t1.png").read_bytes() == PNG


@pytest.mark.parametrize("more", [[], ["--json"]], ids=str)
def test_a_signal_leaves_no_id_untold(raw, more):
    """More than fit into a command: all of them on stderr, for people and for programs."""
    ids = [f"task-{n:04}-{'x' * 30}" for n in range(300)]
    server = raw(lambda c: (read_request(c), c.recv(1)))
    process = start("wait", "-q", *more, "-", stdin=subprocess.PIPE)
    process.stdin.write("\n".join(ids))
    process.stdin.close()
    process.stdin = None
    wait_for(lambda: server.connections)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)

    _, err = process.communicate(timeout=10)

    assert process.returncode == 143
    assert (
        all(one in err for one in ids) and "to continue: `piooy wait -`, with the ids above" in err
    )
    assert not more or json.loads(err)["error"]["task_ids"] == ids


@pytest.mark.soak
def test_a_million_ids_on_stdin(raw, home, tmp_path):
    """So much memory for each, no more, and no crash; IDS=N makes it N."""
    many, few = int(os.environ.get("IDS", 1_000_000)), 10_000
    raw(lambda c: (read_request(c), c.recv(1)))
    peaks = {}
    for count in (few, many):
        (home / "ids").write_text(
            "".join(f"{n:08x}-7d1e-4c55-9a0e-2b8f6c1d4e90\n" for n in range(count))
        )
        command = [*PIOOY, "-q", "wait", "--timeout", "2s", "-"]
        with (home / "ids").open() as ids, (home / "err").open("w") as err:
            process = subprocess.Popen(command, stdin=ids, stderr=err)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        with (home / "err").open() as err:
            assert sum("has not ended" in line for line in err) == count
        assert process.returncode == 3
        peaks[count] = used.ru_maxrss

    print(f"{many:,} ids: {peaks[many] / 1024:.0f} MB")
    assert (peaks[many] - peaks[few]) / (many - few) < 1  # KiB


def test_24_hanging_requests_do_not_hold_a_signal_up(raw):
    """No one waits for requests that only read; the best of three, since machines have load."""
    hanging = threading.Semaphore(0)
    raw(lambda c: (read_request(c), hanging.release(), c.recv(1)))
    took = []
    for _ in range(3):
        process = start("wait", *[f"t{n}" for n in range(24)])
        for _ in range(16):
            assert hanging.acquire(timeout=10)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)

        _, err = process.communicate(timeout=10)

        took.append(time.monotonic() - sent)
        assert process.returncode == 130 and "t23" in err
    assert min(took) < 0.5


def test_a_signal_during_an_order_waits_for_its_answer(raw):
    """The answer that is due is taken, the id told, and no task is lost."""
    arrived = threading.Event()

    def slow(connection):
        read_request(connection)
        arrived.set()
        time.sleep(1)
        connection.sendall(answer(json.dumps(accepted()).encode()))

    raw(slow)
    process = start("generate", "image", "-m", "m", "x")
    assert arrived.wait(10)
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=10)

    assert process.returncode == 130
    assert f"piooy wait {TASK}" in err


def test_a_second_signal_gives_up_and_says_unknown(raw):
    """Exit 11, since 0 or 1 was charged; the order is sent once."""
    arrived = threading.Event()
    server = raw(lambda c: (read_request(c), arrived.set(), c.recv(1)))
    process = start("generate", "image", "-m", "m", "x")
    assert arrived.wait(10)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=10)

    assert (process.returncode, server.connections) == (11, 1)
    assert "piooy will not resend it automatically" in err


BUSY = """
import sys, time
from piooy_cli.app.event_loop import run_event_loop
from piooy_cli.concurrency.signals import StopSignal

async def work():
    print("busy", flush=True)
    {what}

clear = lambda: print("cleared", flush=True)
run_event_loop(work, StopSignal(), (lambda: None, 9), clear, lambda: SystemExit(130))
"""


@pytest.mark.parametrize(
    "what",
    [
        "time.sleep(30)",
        "while True: pass",
        "import re; re.search('(a+)+b', 'a' * 40)",
        "import asyncio; await asyncio.to_thread(time.sleep, 30)",
    ],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_ends_whatever_runs(what, number):
    """Within a second, even if the event loop is blocked; what was drawn is cleared."""
    program = BUSY.format(what=what)
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "busy\n"
        for _ in range(2):
            time.sleep(0.2)
            process.send_signal(number)
        sent = time.monotonic()
        try:
            cleared = process.stdout.read()
        finally:
            process.kill()

    assert (process.returncode, cleared) == (128 + number, "cleared\n")
    assert time.monotonic() - sent < 2


def test_one_signal_that_comes_twice_counts_once(raw):
    """As `timeout` sends it, to the process and to its group: the response is still waited for."""
    arrived = threading.Event()

    def slow(connection):
        read_request(connection)
        arrived.set()
        time.sleep(1)
        connection.sendall(answer(json.dumps(accepted()).encode()))

    raw(slow)
    process = start("generate", "image", "-m", "m", "x")
    assert arrived.wait(10)
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.005)

    _, err = process.communicate(timeout=10)

    assert process.returncode == 143
    assert f"piooy wait {TASK}" in err


def test_a_signal_before_anything_was_sent_is_plain(raw):
    """While a 429 is waited out nothing is in doubt."""
    asked = threading.Event()
    raw(
        lambda c: (
            read_request(c),
            c.sendall(answer(b"{}", "429 Slow", "retry-after: 60")),
            asked.set(),
        )
    )
    process = start("generate", "image", "-m", "m", "x")
    assert asked.wait(10)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=10)

    assert process.returncode == 130
    assert "no task is in progress" in err


def test_a_signal_that_the_shell_ignores_stays_ignored(api):
    """`nohup` means it."""
    expect_look(api, *[task("PENDING")] * 3, task("SUCCESS", {"results": ["https://e.com/a.png"]}))
    process = start(
        "wait",
        "--interval",
        "500ms",
        TASK,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    wait_for(lambda: len(api.log) >= 1)
    process.send_signal(signal.SIGHUP)

    out, _ = process.communicate(timeout=30)

    assert (process.returncode, out) == (0, TASK + "\n")


def test_python_dash_m_is_the_same():
    """`python -m piooy_cli` is `piooy`."""
    ran = subprocess.run([*PIOOY, "--version"], capture_output=True, text=True, check=True)

    assert ran.stdout.startswith("piooy ")


@pytest.mark.parametrize("option", ["--version", "-h", "generate -h"])
def test_help_and_version_that_nobody_can_read(option):
    """A full disk is 13, a reader that leaves 141; never a traceback."""
    full = shell(f"piooy {option} > /dev/full; echo $? >&2")
    gone = shell(f"piooy {option} | (sleep 0; exec <&-; sleep 1); echo ${{PIPESTATUS[0]}} >&2")

    assert full.stderr.splitlines()[-1] == "13" and "Traceback" not in full.stderr
    assert gone.stderr.splitlines()[-1] in ("141", "0") and "Traceback" not in gone.stderr


def test_ids_that_cannot_be_printed_are_told(api):
    """A full disk loses no paid id, and no further order is sent."""
    expect_order(api)

    ran = shell("piooy -q generate image -m m -n 60 --yes --no-wait x > /dev/full; echo $?")

    assert ran.stdout == "13\n"
    assert ran.stderr.count("cannot write the result") == len(api.log) < 60


def test_nothing_new_is_sent_after_a_signal(raw):
    """A 429 that comes in the grace is not followed by another order."""
    arrived = threading.Event()

    def busy(connection):
        read_request(connection)
        arrived.set()
        time.sleep(1)
        connection.sendall(answer(b"{}", "429 Slow", "retry-after: 1"))

    server = raw(busy)
    process = start("generate", "image", "-m", "m", "x")
    assert arrived.wait(10)
    process.send_signal(signal.SIGINT)

    process.communicate(timeout=20)

    assert (process.returncode, server.connections) == (130, 1)


def test_preview_is_nothing_in_a_pipe(sandbox):
    """Path text only."""
    ran = shell("piooy generate image -m x --interval 100ms --preview 'a fox' 2>err; cat err >&2")

    assert len(ran.stdout.splitlines()) == 1 and "\x1b" not in ran.stderr
