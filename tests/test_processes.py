"""Real processes, pipes, terminals and signals: what only the operating system can show."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time

import pyte
import pytest
from servers import TASK, accepted, answer, expect_look, expect_order, read_request, task

PIOOY = [sys.executable, "-m", "piooy_cli"]


def shell(script, **environ):
    """A shell where `piooy` is the program under test."""
    define = f'piooy() {{ "{sys.executable}" -m piooy_cli "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", define + script],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environ,
        check=False,
    )


def start(*arguments, **how):
    """A process that runs on."""
    return subprocess.Popen(
        [*PIOOY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
    )


def wait_for(condition, seconds=10):
    """Until it holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


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
    """H06: no BrokenPipeError, exit 141."""
    for n in range(1, 6):
        api.expect_request(f"/api/v1/task/t{n}").respond_with_json(task(id=f"t{n}"))

    ran = shell("piooy task t1 t2 t3 t4 t5 | true; echo ${PIPESTATUS[0]}")

    assert ran.stdout in ("141\n", "0\n")
    assert "rror" not in ran.stderr


def test_a_full_stdout_is_storage(api):
    """A result that cannot be written is told: exit 13."""
    expect_look(api, task())

    ran = shell(f"piooy task {TASK} > /dev/full; echo $?")

    assert ran.stdout == "13\n"
    assert "No space left" in ran.stderr and "Traceback" not in ran.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_do_no_harm(api, closed):
    """H08, H09: the outcome decides."""
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
    assert "no task nope" in bad.stderr


def test_without_home_nothing_breaks(monkeypatch):
    """E18, K13: commands that need no directory make none."""
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
    """J01: ids and the command that goes on are printed, within half a second."""
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


def test_24_hanging_requests_do_not_hold_a_signal_up(raw):
    """Nobody waits for requests that only read; the best of three, since machines have load."""
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
    """J01: the answer that is due is taken, the id told, and no task is lost."""
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
    """J02: exit 11, since 0 or 1 was charged; the order is sent once."""
    arrived = threading.Event()
    server = raw(lambda c: (read_request(c), arrived.set(), c.recv(1)))
    process = start("generate", "image", "-m", "m", "x")
    assert arrived.wait(10)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=10)

    assert (process.returncode, server.connections) == (11, 1)
    assert "never sent again" in err


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
    assert "nothing is under way" in err


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


class Screen:
    """A program on a terminal of its own."""

    def __init__(self, *arguments, columns=80, rows=24, stdout=None, **environ):
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        settings = {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": str(rows)} | environ
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(settings)
            if stdout:
                os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)
            os.execv(sys.executable, [*PIOOY, *arguments])

    def read(self, seconds=0.0):
        """Take what is there, for so long."""
        end = time.monotonic() + seconds
        while select.select([self._fd], [], [], max(end - time.monotonic(), 0.01))[0]:
            try:
                chunk = os.read(self._fd, 65536)
            except OSError:
                return False
            if not chunk:
                return False
            self.bytes += chunk
            self._stream.feed(chunk)
        return True

    def until(self, text, seconds=15):
        """Read until `text` is on the screen."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert self.read(0.05) or text in self.text, self.text
            assert time.monotonic() < end, self.text

    def end(self):
        """Its exit code."""
        while self.read(0.2):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def send(self, data):
        """Type."""
        os.write(self._fd, data)

    @property
    def text(self):
        """The screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).strip()


def test_a_terminal_shows_what_happens_and_is_left_clean(sandbox, home):
    """Progress while it runs; at the end the path alone, and the cursor."""
    screen = Screen("generate", "video", "-m", "veo-3-1", "waves at dusk")
    screen.until("waves at dusk")

    assert screen.end() == 0
    assert screen.text.startswith("waves-at-dusk-") and screen.text.endswith("-1.mp4")
    assert screen.bytes.rfind(b"\x1b[?25h") > screen.bytes.rfind(b"\x1b[?25l")


@pytest.mark.parametrize("columns", [40, 80])
def test_three_waits_are_three_lines(api, columns):
    """Nothing interleaves, and nothing wraps in a narrow window."""
    for n in range(3):
        api.expect_request(f"/api/v1/task/task-{n}").respond_with_json(
            task("PROCESSING", id=f"task-{n}")
        )
    screen = Screen("wait", "task-0", "task-1", "task-2", columns=columns)
    for n in range(3):
        screen.until(f"task-{n}")
    screen.until("processing")
    screen.read(1)
    lines = [line for line in screen.text.splitlines() if "task-" in line]
    screen.send(b"\x03")

    assert screen.end() == 130
    assert len(lines) == 3 and all("processing" in line for line in lines)
    assert screen.bytes.rfind(b"\x1b[?25h") > screen.bytes.rfind(b"\x1b[?25l")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_cursor_comes_back_after_a_signal(api, number):
    """J: the terminal is left as it was."""
    expect_look(api, task("PROCESSING"))
    screen = Screen("wait", TASK)
    screen.until("processing")
    os.kill(screen.pid, number)

    assert screen.end() == 128 + number
    assert screen.bytes.rfind(b"\x1b[?25h") > screen.bytes.rfind(b"\x1b[?25l")


def test_something_is_visible_before_the_first_answer(raw):
    """Within a second of the start, while the server still thinks."""
    raw(lambda c: (read_request(c), time.sleep(5)))
    screen = Screen("generate", "image", "-m", "m", "a fox")
    screen.until("a fox", 3)
    os.kill(screen.pid, signal.SIGKILL)
    screen.end()


def test_a_dumb_terminal_gets_plain_lines(api):
    """TERM=dumb: no escape at all."""
    expect_look(api, task("PENDING"), task("SUCCESS", {"results": ["https://e.com/a.png"]}))
    screen = Screen("wait", TASK, TERM="dumb")

    assert screen.end() == 0
    assert b"\x1b" not in screen.bytes


def test_no_color_is_obeyed_on_a_terminal(api):
    """NO_COLOR: no colour, while the display may still move."""
    expect_look(api, task("FAILED"))
    plain = Screen("task", TASK, NO_COLOR="1")
    colored = Screen("task", TASK)

    assert (plain.end(), colored.end()) == (0, 0)
    assert b"\x1b[3" not in plain.bytes
    assert b"\x1b[31m" in colored.bytes


def test_a_card_for_one_and_a_table_for_many(api):
    """`task` on a terminal is for eyes, with the server's words as text."""
    expect_look(api, task("SUCCESS", {"results": ["https://e.com/a.png"]}, model="[bold]x[/INST]"))
    api.expect_request("/api/v1/task/t2").respond_with_json(task("PENDING", id="t2"))
    card, table = Screen("task", TASK), Screen("task", TASK, "t2")

    assert (card.end(), table.end()) == (0, 0)
    assert "https://e.com/a.png" in card.text and "[bold]x[/INST]" in card.text
    assert "PENDING" in table.text and "status" in table.text


def test_waiting_for_a_typed_id_gives_a_hint(api):
    """Stdin is a terminal: nobody is left hanging."""
    screen = Screen("wait", "-")

    assert screen.end() == 2
    assert "one a line on stdin" in " ".join(screen.text.split())


def test_many_paid_tasks_are_asked_for(api):
    """No is exit 3 and costs nothing; --no-input never asks."""
    expect_order(api)
    screen = Screen("generate", "image", "-m", "m", "--no-wait", "-n", "11", "x")
    screen.until("Send 11 tasks?")
    screen.send(b"n\n")
    refused = Screen("generate", "image", "-m", "m", "--no-wait", "-n", "11", "--no-input", "x")

    assert (screen.end(), refused.end(), api.log) == (3, 2, [])


def test_a_question_is_no_result(api, home):
    """The prompt goes to the terminal, stdout gets ids alone."""
    expect_order(api)
    screen = Screen(
        "generate", "image", "-m", "m", "--no-wait", "-n", "11", "x", stdout=home / "ids"
    )
    screen.until("Send 11 tasks?")
    screen.send(b"y\n")

    assert screen.end() == 0
    ids = (home / "ids").read_text().splitlines()
    assert len(ids) == len(set(ids)) == 11 and all(len(one) == 36 for one in ids)


def test_results_stay_on_the_screen_beside_live_progress(api):
    """The display moves over nothing that was printed, neither ours nor the person's."""
    for n in range(4):
        answers = [task("PENDING", id=f"t{n}")] * (n + 1) + [
            task(result={"results": ["https://e.com/a"]}, id=f"t{n}")
        ]
        expect_look(api, *answers, task_id=f"t{n}")
    api.expect_request("/api/v1/task/gone").respond_with_json({}, status=404)
    screen = Screen("wait", "--interval", "500ms", "t0", "t1", "gone", "t2", "t3")

    assert screen.end() == 14
    lines = screen.text.splitlines()
    assert [line for line in lines if line in ("t0", "t1", "t2", "t3")] == ["t0", "t1", "t2", "t3"]
    assert any("no task gone" in line for line in lines)


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
    """J01: a 429 that comes in the grace is not followed by another order."""
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


@pytest.mark.parametrize("columns", [40, 80])
def test_history_is_readable_at_a_glance(sandbox, columns):
    """A line for each order, in a narrow window too; ids short enough to type."""
    for prompt in ("a red fox that runs through the snow", "dusk"):
        shell(f'piooy -q generate image -m nano-banana-pro --no-wait "{prompt}"')
    screen = Screen("history", columns=columns)

    assert screen.end() == 0
    lines = screen.text.splitlines()
    assert len(lines) == 4 and lines[0].split()[0] == "id"
    assert "a red fox" in lines[3] and len(lines[3].split()[0]) == 8


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({"TERM": "xterm-kitty"}, b"\x1b_Gf=100,a=T"), ({"TERM_PROGRAM": "iTerm.app"}, b"\x1b]1337;File=inline=1"), ({}, "▀".encode()),
     ({"TERM": "xterm-kitty", "TMUX": "x"}, "▀".encode()), ({"TERM": "dumb"}, None)],
    ids=str,
)  # fmt: skip
def test_preview_draws_as_the_terminal_can(sandbox, environ, wanted):
    """kitty's way, iTerm2's way, half blocks; on a dumb terminal nothing."""
    screen = Screen(
        "generate", "image", "-m", "x", "--interval", "100ms", "--preview", "a fox", **environ
    )

    assert screen.end() == 0
    assert wanted in screen.bytes if wanted else b"\x1b" not in screen.bytes


def test_preview_is_nothing_in_a_pipe(sandbox):
    """Path text only."""
    ran = shell("piooy generate image -m x --interval 100ms --preview 'a fox' 2>err; cat err >&2")

    assert len(ran.stdout.splitlines()) == 1 and "\x1b" not in ran.stderr
