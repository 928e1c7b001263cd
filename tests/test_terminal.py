"""On a terminal: what is seen while it runs, what stays, and what it is asked."""

import os
import re
import signal
import time

import pytest
from PIL import Image
from processes import DEFINE, Terminal, shell
from servers import PNG, TASK, expect_look, expect_order, read_request, task
from werkzeug.wrappers import Response

from piooy_cli.ledger.sqlite.store import SqliteOrderStore
from piooy_cli.output.preview import drawing
from piooy_cli.output.screen import knows_task_bar


def test_a_terminal_shows_what_happens_and_is_left_clean(sandbox, home):
    """Progress while it runs; at the end the path alone, and the cursor."""
    screen = Terminal("generate", "video", "-m", "veo-3-1", "waves at dusk")
    screen.until("waves at dusk")

    assert screen.end() == 0
    assert screen.text.startswith("waves-at-dusk-") and screen.text.endswith("-1.mp4")
    assert screen.bytes.rfind(b"\x1b[?25h") > screen.bytes.rfind(b"\x1b[?25l")


@pytest.mark.parametrize("columns", [40, 80])
def test_three_waits_are_three_lines_and_a_total(api, columns):
    """Nothing interleaves, nothing wraps in a narrow window, and at the end nothing is left."""
    for n in range(3):
        api.expect_request(f"/api/v1/task/task-{n}").respond_with_json(
            task("PROCESSING", id=f"task-{n}")
        )
    screen = Terminal("wait", "task-0", "task-1", "task-2", columns=columns)
    screen.until("0 done, 3 in progress")
    for _ in range(10):  # whichever frame it is
        screen.read(0.13)
        lines = [line for line in screen.text.splitlines() if line]
        assert [line.split()[1:3] for line in lines[:3]] == [
            [f"task-{n}", "processing"] for n in range(3)
        ]
        assert lines[3:] == ["  0 done, 3 in progress"]
    screen.send(b"\x03")

    assert screen.end() == 130
    assert "processing" not in screen.text and "task-0 task-1 task-2" in " ".join(
        screen.text.split()
    )
    assert screen.bytes.rfind(b"\x1b[?25h") > screen.bytes.rfind(b"\x1b[?25l")


def test_a_screen_holds_what_fits(api):
    """Thirty waits in ten lines: some rows, how many more, the total; nothing scrolls."""
    ids = [f"task-{n:02}" for n in range(30)]
    for one in ids:
        api.expect_request(f"/api/v1/task/{one}").respond_with_json(task("PROCESSING", id=one))
    screen = Terminal("wait", *ids, rows=10)
    screen.until("0 done, 30 in progress")
    screen.until("and 25 more")
    screen.read(0.5)
    shown = [line for line in screen.text.splitlines() if "task-" in line]
    screen.send(b"\x03")

    assert screen.end() == 130
    assert len(shown) == 5


@pytest.fixture
def sent(piooy, api, home):
    """A task that was just sent, with thirty past runs of 25 to 70 seconds behind it."""
    expect_order(api)
    expect_look(api, task("PROCESSING"))
    piooy("-q", "generate", "image", "-m", "m", "--no-wait", "a red fox that runs through snow")
    ledger = SqliteOrderStore(home.parent / "state", "x")
    copy = (
        "insert into orders (account, state, status, created, media, scene, provider, model, size, task_id,"
        " took) select account, 'SUBMITTED', 'SUCCESS', created, media, scene, provider, model, size,"
        " 'old-' || ?, ? from orders where id = 1"
    )
    for n in range(30):
        with ledger.change() as connection:
            connection.execute(copy, (n, 25 * (70 / 25) ** (n / 29)))
    return ledger


@pytest.mark.parametrize("columns", [40, 80])
def test_a_bar_is_the_share_of_past_runs(sent, columns):
    """Time left, and what is usual, in words; one line of them in a narrow window too."""
    with sent.change() as connection:
        connection.execute("update orders set accepted = accepted - 41 where id = 1")
    screen = Terminal("wait", TASK, columns=columns)
    screen.until("processing")
    words = " ".join(screen.text.split())
    screen.send(b"\x03")

    assert screen.end() == 130
    left, low, high = map(
        int, re.search(r"about (\d+) s left, usually (\d+) to (\d+) s", words).groups()
    )
    assert 5 <= left <= 15 and 20 <= low <= 30 and 60 <= high <= 75
    assert 0.35 < words.count("━") / (words.count("━") + words.count("─")) < 0.65


def test_a_slow_one_is_called_slow(sent):
    """Later than nearly all past runs."""
    with sent.change() as connection:
        connection.execute("update orders set accepted = accepted - 90 where id = 1")
    screen = Terminal("wait", TASK)
    screen.until("slower than 9")
    screen.until("% of runs, usually")
    screen.send(b"\x03")

    assert screen.end() == 130


def test_a_first_run_promises_nothing(api):
    """Without a past there is the catalogue's word, called that."""
    expect_look(api, task("PROCESSING"))
    screen = Terminal("wait", TASK)
    screen.until("no past runs here, typically")
    screen.send(b"\x03")

    assert screen.end() == 130


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({"TERM_PROGRAM": "ghostty"}, True), ({"TERM_PROGRAM": "WezTerm"}, True), ({"WT_SESSION": "x"}, True),
        ({"ConEmuANSI": "ON"}, True), ({"TERM_FEATURES": "ClP"}, True), ({"PTYXIS_VERSION": "48.1"}, True),
        ({"PTYXIS_VERSION": "47"}, False), ({"TERM_PROGRAM": "iTerm.app"}, False), ({}, False),
        ({"TERM_PROGRAM": "ghostty", "TMUX": "x"}, False),
    ],
    ids=str,
)  # fmt: skip
def test_the_task_bar_only_where_it_is_one(environ, shown):
    """OSC 9;4 is a notification in older terminals: never guessed."""
    assert knows_task_bar({"TERM": "xterm-256color"} | environ) is shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_task_bar_is_always_cleared(sent, number):
    """However it ends, the last word is that nothing is continuing."""
    screen = Terminal("wait", TASK, TERM_PROGRAM="ghostty")
    screen.until("processing")
    screen.read(0.3)
    os.kill(screen.pid, number)
    screen.end()
    words = re.findall(rb"\x1b\]9;4;(\d)", screen.bytes)

    assert words[0] == b"1" and words[-1] == b"0"


def test_a_title_only_where_it_is_wished_and_the_old_one_comes_back(sent, home):
    """Off by default; on, it is taken from the terminal's stack again at the end."""
    (home.parent / "config").mkdir(exist_ok=True)
    (home.parent / "config/config.toml").write_text("title = true\n")
    screen = Terminal("wait", TASK)
    screen.until("processing")
    screen.read(0.3)
    screen.send(b"\x03")
    screen.end()
    titles = re.findall(rb"\x1b\]2;([^\x07]*)\x07", screen.bytes)

    assert titles == [b"piooy: 0 of 1", b""]
    assert screen.bytes.count(b"\x1b[22;2t") == screen.bytes.count(b"\x1b[23;2t") == 1


def test_without_a_task_bar_nothing_is_sent_there(sent):
    """No OSC at all on a terminal that is not known to take it."""
    screen = Terminal("wait", TASK, TERM_PROGRAM="")
    screen.until("processing")
    screen.send(b"\x03")
    screen.end()

    assert b"\x1b]" not in screen.bytes


def test_a_pipe_on_one_terminal_loses_no_line(api):
    """`wait | download`: what the second prints stays, though the first redraws beside it."""

    def slowly(request):
        time.sleep(0.3)
        return Response(PNG)

    for n in range(3):
        answers = [task("PENDING", id=f"t{n}")] * (2 * n + 1)
        done = task(result={"results": [api.url_for(f"/{n}.png")]}, id=f"t{n}")
        expect_look(api, *answers, done, task_id=f"t{n}")
        api.expect_request(f"/{n}.png").respond_with_handler(slowly)
    script = 'piooy wait --interval 500ms t0 t1 t2 | piooy download -o "{id}.{ext}"'
    screen = Terminal(DEFINE + "set -o pipefail\n" + script, program=["bash", "-c"])

    assert screen.end() == 0
    lines = screen.text.splitlines()
    assert [line for line in lines if line.endswith(".png")] == [f"t{n}.png" for n in range(3)]
    assert not [line for line in lines if "in progress" in line or "─" in line]


def test_two_at_one_terminal_take_turns(api):
    """One draws, the other is silent until the terminal is free; both results stay."""
    for n, times in enumerate((4, 8)):
        answers = [task("PROCESSING", id=f"t{n}")] * times
        expect_look(
            api,
            *answers,
            task(result={"results": ["https://e.com/a"]}, id=f"t{n}"),
            task_id=f"t{n}",
        )
    script = "piooy wait --interval 300ms t0 & piooy wait --interval 300ms t1; wait"
    screen = Terminal(DEFINE + script, program=["bash", "-c"])
    screen.until("processing")
    drawn = []
    while screen.read(0.02):
        for name in re.findall(r"(t\d) +processing", screen.text):
            drawn += [name] if drawn[-1:] != [name] else []

    screen.end()
    assert sorted(drawn) in (["t0", "t1"], ["t0"], ["t1"])
    assert sorted(line for line in screen.text.splitlines() if line) == ["t0", "t1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_cursor_comes_back_after_a_signal(api, number):
    """J: the terminal is left as it was."""
    expect_look(api, task("PROCESSING"))
    screen = Terminal("wait", TASK)
    screen.until("processing")
    os.kill(screen.pid, number)

    assert screen.end() == 128 + number
    assert screen.bytes.rfind(b"\x1b[?25h") > screen.bytes.rfind(b"\x1b[?25l")


def test_something_is_visible_before_the_first_answer(raw):
    """Within a second of the start, while the server still thinks."""
    raw(lambda c: (read_request(c), time.sleep(5)))
    screen = Terminal("generate", "image", "-m", "m", "a fox")
    screen.until("a fox", 3)
    os.kill(screen.pid, signal.SIGKILL)
    screen.end()


def test_a_dumb_terminal_gets_plain_lines(api):
    """TERM=dumb: no escape at all."""
    expect_look(api, task("PENDING"), task("SUCCESS", {"results": ["https://e.com/a.png"]}))
    screen = Terminal("wait", TASK, TERM="dumb")

    assert screen.end() == 0
    assert b"\x1b" not in screen.bytes


def test_no_color_is_obeyed_on_a_terminal(api):
    """NO_COLOR: no colour, while the display may still move."""
    expect_look(api, task("FAILED"))
    plain = Terminal("task", TASK, NO_COLOR="1")
    colored = Terminal("task", TASK)

    assert (plain.end(), colored.end()) == (0, 0)
    assert b"\x1b[3" not in plain.bytes
    assert b"\x1b[31m" in colored.bytes


def test_a_card_for_one_and_a_table_for_many(api):
    """`task` on a terminal is for eyes, with the server's words as text."""
    expect_look(api, task("SUCCESS", {"results": ["https://e.com/a.png"]}, model="[bold]x[/INST]"))
    api.expect_request("/api/v1/task/t2").respond_with_json(task("PENDING", id="t2"))
    card, table = Terminal("task", TASK), Terminal("task", TASK, "t2")

    assert (card.end(), table.end()) == (0, 0)
    assert "https://e.com/a.png" in card.text and "[bold]x[/INST]" in card.text
    assert "PENDING" in table.text and "status" in table.text


def test_waiting_for_a_typed_id_gives_a_hint(api):
    """Stdin is a terminal: no one is left hanging."""
    screen = Terminal("wait", "-")

    assert screen.end() == 2
    assert "one per line on stdin" in " ".join(screen.text.split())


def test_many_paid_tasks_are_asked_for(api):
    """No is exit 3 and costs nothing; --no-input never asks."""
    expect_order(api)
    screen = Terminal("generate", "image", "-m", "m", "--no-wait", "-n", "11", "x")
    screen.until("Send 11 tasks?")
    screen.send(b"n\n")
    refused = Terminal("generate", "image", "-m", "m", "--no-wait", "-n", "11", "--no-input", "x")

    assert (screen.end(), refused.end(), api.log) == (3, 2, [])


def test_a_question_is_no_result(api, home):
    """The prompt goes to the terminal, stdout gets ids alone."""
    expect_order(api)
    screen = Terminal(
        "generate", "image", "-m", "m", "--no-wait", "-n", "11", "x", stdout=home / "ids"
    )
    screen.until("Send 11 tasks?")
    screen.send(b"y\n")

    assert screen.end() == 0
    ids = (home / "ids").read_text().splitlines()
    assert len(ids) == len(set(ids)) == 11 and all(len(one) == 36 for one in ids)


def test_results_stay_on_the_screen_beside_live_progress(api):
    """The display moves over nothing that was printed, neither ours nor the user's."""
    for n in range(4):
        answers = [task("PENDING", id=f"t{n}")] * (n + 1) + [
            task(result={"results": ["https://e.com/a"]}, id=f"t{n}")
        ]
        expect_look(api, *answers, task_id=f"t{n}")
    api.expect_request("/api/v1/task/gone").respond_with_json({}, status=404)
    screen = Terminal("wait", "--interval", "500ms", "t0", "t1", "gone", "t2", "t3")

    assert screen.end() == 14
    lines = screen.text.splitlines()
    assert [line for line in lines if line in ("t0", "t1", "t2", "t3")] == ["t0", "t1", "t2", "t3"]
    assert any("task gone was not found" in line for line in lines)


@pytest.mark.parametrize("columns", [40, 80])
def test_history_is_readable_at_a_glance(sandbox, columns):
    """A line for each order, in a narrow window too; ids short enough to type."""
    for prompt in ("a red fox that runs through the snow", "dusk"):
        shell(f'piooy -q generate image -m nano-banana-pro --no-wait "{prompt}"')
    screen = Terminal("history", columns=columns)

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
    screen = Terminal(
        "generate", "image", "-m", "x", "--interval", "100ms", "--preview", "a fox", **environ
    )

    assert screen.end() == 0
    assert wanted in screen.bytes if wanted else b"\x1b" not in screen.bytes


def test_preview_starts_no_program_and_never_fails(tmp_path, monkeypatch):
    """PostScript is not drawn, although Pillow would hand it to Ghostscript."""
    started = tmp_path / "started"
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {started}\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    picture = tmp_path / "b.png"
    picture.write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    )

    assert drawing(picture, {}, 40) == ""
    assert not started.exists()


def test_preview_draws_pictures_only(tmp_path):
    """By the extension and by the first bytes, in every protocol."""
    Image.new("RGB", (8, 8)).save(tmp_path / "fox.png")
    (tmp_path / "fox.bin").write_bytes((tmp_path / "fox.png").read_bytes())
    (tmp_path / "page.png").write_bytes(b"<html>")

    for environ in ({}, {"TERM": "xterm-kitty"}, {"TERM_PROGRAM": "iTerm.app"}):
        assert drawing(tmp_path / "fox.png", environ, 40)
        assert drawing(tmp_path / "fox.bin", environ, 40) == ""
        assert drawing(tmp_path / "page.png", environ, 40) == ""


@pytest.mark.parametrize(("size", "lines"), [((1, 500_000), 120), ((500_000, 1), 1), ((90, 160), 53), ((4, 3), 22)])  # fmt: skip
def test_preview_has_so_many_lines(tmp_path, size, lines):
    """By the picture's proportions, but never more than 120."""
    Image.new("RGB", size).save(tmp_path / "thin.png")

    assert drawing(tmp_path / "thin.png", {}, 80).count("\n") == lines


def test_ctrl_z_leaves_the_terminal_to_the_shell(sent):
    """What was drawn goes first; after `fg` it is there again."""
    screen = Terminal("wait", TASK)
    screen.until("processing")
    screen.send(b"\x1a")
    assert os.WIFSTOPPED(os.waitpid(screen.pid, os.WUNTRACED)[1])
    screen.read(0.2)
    assert screen.text == ""
    os.kill(screen.pid, signal.SIGCONT)
    screen.until("processing")
    screen.send(b"\x03")

    assert screen.end() == 130


def test_nothing_stays_of_what_was_saved(api, home):
    """`download` of three, one of which is gone: the rows of the others are taken away."""
    for n in range(3):
        done = task(result={"results": [api.url_for(f"/{n}.png")]}, id=f"t{n}")
        expect_look(api, done, task_id=f"t{n}")

    def slowly(request):
        time.sleep(0.7)
        return Response("", 451) if request.path == "/1.png" else Response(PNG)

    for n in range(3):
        api.expect_request(f"/{n}.png").respond_with_handler(slowly)
    screen = Terminal("download", "-j", "1", "t0", "t1", "t2")
    screen.until(" 1 in progress")  # whichever it is
    words = screen.text

    assert "1 done, 1 failed, 1 in progress" in words or "2 done, 1 in progress" in words
    assert screen.end() == 12


def test_an_encoding_without_the_prompts_letters(api):
    """What cannot be shown is a question mark, as wide as a letter."""
    expect_order(api)
    expect_look(api, task("PROCESSING"))
    screen = Terminal(
        "generate",
        "image",
        "-m",
        "m",
        "狐" * 30,
        PYTHONIOENCODING="latin-1",
        PYTHONUTF8="0",
        LANG="C",
    )
    screen.until("processing")
    screen.read(0.5)

    assert len([line for line in screen.text.splitlines() if "?" in line]) == 1
    screen.send(b"\x03")
    screen.end()
