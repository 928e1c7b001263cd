"""No text from outside acts on a terminal: every command, on a terminal and in a pipe.

Escape sequences and invisible characters come from the API, manifests, the configuration, the ledger
and the command line. What is printed contains none of them, and neither do the files that are written.
"""

import io
import json
import os
import re
import sys
import threading
from pathlib import Path
from unicodedata import category

import pytest
from conftest import BRISK, QUICK
from processes import Terminal
from servers import PNG, TASK, accepted, expect_look, expect_order, orders, task
from werkzeug import Response

from piooy_cli.__main__ import main
from piooy_cli.app.context import Context
from piooy_cli.domain.escaping import HOSTILE
from piooy_cli.output.streams import LineStream

# Clipboard, colors, bells, lines that overwrite lines, C1 sequences, text from right to left, what
# cannot be seen, and marks that cover the lines around.
ACTING = (
    "\x1b]52;c;cHduZWQ=\x07 \x1b[31m \x1b[2J \a \b \rOVER \x7f \x9b31m \x9d0;title\x9c \x85 \u202e \u2066 \u200b"
    " \ufeff \xad \u061c \U000e0041 \u2028 \u2029 \u3164 e" + "\u0301" * 300
)
EVIL = f"MARK {ACTING} \x1b]2;MARK\x07"
SHOWN = "MARK"  # by which the text is known to have arrived

PROGRAM_OWN = re.compile(  # with NO_COLOR, a live display and links to files
    r"\x1b\[\?(?:25|2026)[hl]|\x1b\[\d*[AJK]|\x1b\]8;;(?:file://[!-~]*)?\x1b\\"
)


def faults(text, *, terminal=False):
    """The characters that act or cannot be seen, without what belongs to lines and this program."""
    text = PROGRAM_OWN.sub("", text) if terminal else text
    allowed = "\r\n\t" if terminal else "\n\t"
    found = {c for c in text if category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") or HOSTILE.match(c)}
    stacked = {"marks"} if "\u0301" * 9 in text else set()
    back = {"return"} if "\rOVER" in text else set()
    return {ascii(c) for c in found - set(allowed)} | stacked | back


class Answers:
    """An API that puts hostile text wherever a response has text."""

    def __init__(self, api):
        self._image = api.url_for("/a.png")
        self._orders = 0
        api.expect_request("/a.png").respond_with_data(PNG)
        api.expect_request("/api/v1/generate").respond_with_handler(self.order)
        api.expect_request(re.compile("/api/v1/task/.*")).respond_with_handler(self.look)
        api.expect_request("/api/v1/contact").respond_with_handler(lambda _: refusal(400))

    def order(self, request):
        """Refuse, or accept as a new task."""
        if (model := request.get_json()["model"]).startswith("status-"):
            return refusal(int(model[7:]))
        self._orders += 1
        return as_json(accepted(f"{model}-task-{self._orders:04}"))

    def look(self, request):
        """Show the task that the id asks for."""
        task_id = request.path.rpartition("/")[2]
        kind = task_id.partition("-")[0]
        if kind.startswith("status"):
            return refusal(int(kind[6:]))
        texts = {
            "model": EVIL,
            "provider": EVIL,
            "scene": EVIL,
            "prompt": EVIL,
            "options": {EVIL: [EVIL]},
        }
        if kind == "failed":
            return as_json(task("FAILED", id=task_id, errorCode=EVIL, errorMessage=EVIL, **texts))
        if kind == "slow":
            return as_json(task("PROCESSING", id=task_id, **texts))
        result = {"results": [self._image, "http://127.0.0.1:9/" + EVIL], EVIL: EVIL}
        return as_json(task(result=result, id=task_id, **texts))


def as_json(value):
    """A response whose JSON has the characters as they are, wherever JSON permits that."""
    return Response(json.dumps(value, ensure_ascii=False), content_type="application/json")


def refusal(status):
    """A response that refuses with a hostile reason; some are not JSON at all."""
    if status == 502:
        return Response(EVIL, status=status)
    body = json.dumps({"code": EVIL, "message": EVIL, "error": {"type": EVIL}}, ensure_ascii=False)
    return Response(body, status=status, content_type="application/json")


@pytest.fixture
def outside(api, home):
    """Hostile text in the API, the configuration, a manifest, and (after `piooy generate`) the ledger."""
    config = home.parent / "config"
    config.mkdir(mode=0o700)
    evil = "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in EVIL)
    (config / "config.toml").write_text(
        f'"unknown {evil.replace(SHOWN, "other")}" = 1\n[model]\nvideo = "{evil}"\n[models.mine]\nmedia = "image"\n'
        f'provider = "{evil}"\nscenes = ["{evil}"]\noptions = {{ "{evil}" = ["{evil}"] }}\n'
        f'[options.image]\n"{evil}" = "{evil}"\n'
    )
    rows = [
        {"id": EVIL[:150], "prompt": EVIL, "options": {EVIL: EVIL}},
        {"prompt": EVIL, "model": "failed"},
    ]
    write(home / "rows.jsonl", *rows)
    write(
        home / "bad.jsonl",
        {EVIL: 1},
        {"prompt": "x", "output": f"o/{EVIL}"},
        {"prompt": "x", "media": EVIL},
    )
    return Answers(api)


def write(path, *rows):
    """A manifest."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


@pytest.fixture
def ledger(piooy, outside):
    """Orders that were saved, failed, refused, lost and still running."""
    for model, wait in (
        ("good", "--wait"),
        ("failed", "--wait"),
        ("status-400", "--wait"),
        ("status-500", "--wait"),
        ("slow", "--no-wait"),
    ):
        piooy("-q", "generate", "image", "-m", model, wait, "-o", "saved", EVIL)


class Pipe:
    """What a command prints into pipes, by the fixture `piooy`."""

    is_terminal = False

    def __init__(self, piooy, monkeypatch):
        self._piooy = piooy

    def __call__(self, *arguments):
        """Both streams."""
        ran = self._piooy(*arguments)
        return ran.out + ran.err


class OnTerminal:
    """What a command prints on a terminal, in this process."""

    is_terminal = True

    def __init__(self, piooy, monkeypatch):
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", "150")
        self._set = monkeypatch.setattr

    def __call__(self, *arguments):
        """Everything that reached the terminal."""
        master, slave = os.openpty()
        chunks = []
        reader = threading.Thread(target=_read, args=(master, chunks))
        reader.start()
        with os.fdopen(slave, "w", encoding="utf-8") as both:
            for name, stream in {"stdin": io.StringIO(), "stdout": both, "stderr": both}.items():
                self._set(sys, name, stream)
            main(list(arguments), Context(limits=QUICK, pace=BRISK))
        reader.join(5)
        os.close(master)
        return b"".join(chunks).decode()


def _read(handle, chunks):
    """Collect what is written, until the other side is closed."""
    try:
        while chunk := os.read(handle, 65536):
            chunks.append(chunk)
    except OSError:
        return


@pytest.fixture(params=[Pipe, OnTerminal], ids=["pipe", "terminal"])
def shows(request, piooy, monkeypatch):
    """The command line in a pipe, and on a terminal."""
    return request.param(piooy, monkeypatch)


def check(shows, commands):
    """Each line of `commands` shows the text from outside, and nothing in it acts. EVIL stands for it."""
    wrong = {}
    for line in commands:
        quiet = line.endswith(" #")  # the text itself is not shown
        arguments = [word.replace("EVIL", EVIL) for word in line.removesuffix(" #").split()]
        text = shows(*arguments)
        if found := faults(text, terminal=shows.is_terminal):
            wrong[line] = found
        elif not quiet and SHOWN not in text:
            wrong[line] = text
    assert wrong == {}


def test_the_check_finds_each_of_them():
    """A test that cannot fail would show nothing."""
    for c in set(EVIL) - set("\u0301") - set(map(chr, range(32, 127))):
        assert faults(f"a{c}OVER", terminal=True) and faults(f"a{c}b"), ascii(c)
    assert (
        faults("e" + "\u0301" * 9)
        and faults("\x1b[31m", terminal=True)
        and not faults("\x1b[?25l\x1b[2A", terminal=True)
    )


def test_generate(shows, outside):
    """Requests that succeed, fail, are refused, are lost, and are not sent."""
    check(shows, [
        "generate image -m good -o out EVIL #", "generate image -m good -o out --json EVIL",
        "generate image -m good --no-download EVIL #", "generate image -m good --no-wait --json EVIL",
        "generate image -m good -o out --jq .prompt EVIL", "generate image -m good --no-wait --jq . EVIL",
        "generate image -m good --dry-run EVIL", "generate image -m good --dry-run --json EVIL",
        "generate image -m failed EVIL", "generate image -m failed --json EVIL",
        "generate image -m status-400 EVIL", "generate image -m status-400 --json EVIL",
        "generate image -m status-401 EVIL", "generate image -m status-500 --json EVIL",
        "generate image -m status-502 EVIL", "generate image -m status-502 --debug EVIL",
        "generate image -m slow --timeout 0.1s --json EVIL #", "generate image -m EVIL -n 11 x #",
        "generate video -o EVIL x", "generate image -m good --vary seed:=1..2 --vary style=EVIL --dry-run EVIL",
    ])  # fmt: skip


def test_task(shows, outside):
    """One and several, in each form, and the responses that are errors."""
    check(shows, [
        "task good-task-1", "task good-task-1 --json", "task good-task-1 good-task-2", "task good-task-1 --raw",
        "task good-task-1 --raw --json", "task good-task-1 --explain", "task good-task-1 --explain --json",
        "task good-task-1 --fields prompt,model,options", "task good-task-1 --jq .prompt", "task good-task-1 --jq .assets+[.scene]",
        "task good-task-1 --jq .prompt+\"\\n\"+.model", "task failed-task-1", "task failed-task-1 --json",
        "task failed-task-1 --exit-status #", "task status400-1", "task status400-1 --json", "task status404-1 --json #",
        "task status502-1", "task status502-1 --json", "task EVIL", "task EVIL --json", "task good-task-1 --jq EVIL",
        "task good-task-1 --fields EVIL", "task good-task-1 --refresh EVIL",
    ])  # fmt: skip


def test_wait_and_download(shows, outside):
    """Tasks that end, fail or continue, and names of files."""
    check(shows, [
        "wait good-task-1 #", "wait good-task-1 --json", "wait failed-task-1", "wait failed-task-1 --json",
        "wait failed-task-1 slow-task-2 --timeout 0.2s --json", "wait slow-task-1 --timeout 0.1s --json #",
        "wait slow-task-1 --timeout 0.1s --heartbeat 0.05s #", "wait --download -o EVIL good-task-1",
        "download good-task-1 -o out #", "download good-task-1 -o out --json", "download good-task-1 --dry-run #",
        "download good-task-1 --dry-run --json -o {model}-{slug}.{ext}", "download good-task-1 --dry-run -o {model}.{ext}",
        "download failed-task-1 #", "download slow-task-1 --json #", "download good-task-1 -o EVIL", "download good-task-1 -o {EVIL}",
    ])  # fmt: skip


def test_history(shows, ledger):
    """What the ledger remembers of requests and responses."""
    Path("saved").rename("gone")
    check(shows, [
        "history #", "history --json", "history --fields prompt,model,error", "history --jq .prompt", "history --unknown #",
        "history show @last", "history show @last --json", "history show @row:3", "history export", "history export --json",
        "history export --jq .attempts", "history stats #", "history check #", "history check --json #", "history --search EVIL #",
        "history --status EVIL #", "history show EVIL", "history resolve @row:4 --charged --why EVIL #", "history show @row:4",
        "task @last --fields prompt", "wait @last --timeout 0.1s #", "__complete refs", "__complete keys #",
    ])  # fmt: skip


def test_config_and_others(shows, outside):
    """What the configuration contains, and words on the command line."""
    check(shows, [
        "config list", "config list --show-origin --json", "config get model.video", "config get model.video --json",
        "config get EVIL", "config get model.video --jq .value", "config set EVIL x", "config set base_url EVIL", "config unset EVIL #",
        "config path #", "models", "models --json", "models mine", "models mine --json", "models EVIL", "EVIL", "--EVIL",
        "task --EVIL --json", "man EVIL", "completion EVIL", "contact --email me@example.com EVIL", "contact --email EVIL x",
        "--profile EVIL models", "--base-url EVIL models", "--record EVIL task good-1", "--record x EVIL --json", "sandbox serve --host EVIL",
        "sandbox serve --faults EVIL",
    ])  # fmt: skip


def test_batch(shows, outside, home):
    """Manifests with hostile rows, and the files that a batch writes."""
    check(shows, [
        "batch rows.jsonl -m good --media image -o out --name a --record record --summary summary", "batch rows.jsonl -m good --media image -o out --name a --json #",
        "batch rows.jsonl -m status-400 --media image -o out --name b", "batch rows.jsonl -m status-400 --media image -o out --name c --json",
        "batch rows.jsonl -m good --media image --dry-run --name d", "batch rows.jsonl -m good --media image --dry-run --name d --json",
        "batch bad.jsonl -m good --media image", "batch bad.jsonl -m good --media image --json", "batch EVIL -m good --media image", "batch rows.jsonl -m good --media image --name EVIL",
        "batch rows.jsonl -m good --media image --results EVIL", "batch rows.jsonl -m good --media image --summary EVIL", "batch rows.jsonl -m good --media image --metrics EVIL",
    ])  # fmt: skip

    assert sorted(path.name for path in home.iterdir()) == [
        "bad.jsonl",
        "out",
        "record",
        "rows.jsonl",
        "summary",
    ]
    for written in (home / "out" / "results.jsonl", home / "record", home / "summary"):
        text = written.read_text()
        assert faults(text) == set() and SHOWN in text, written


def test_json_has_the_same_value_for_every_parser(piooy, api):
    """In pipes too; other scripts and emoji stay readable."""
    readable = "é 漢字 🦊 ñ हिन्दी"
    expect_look(api, task("FAILED", prompt=f"{EVIL} {readable}", errorMessage="x"))
    ran = piooy("task", "--json", TASK)

    assert ran.json[0]["prompt"] == f"{EVIL} {readable}" and readable in ran.out
    assert r"\u202e" in ran.out and r"\udb40\udc41" in ran.out and r"\u009b" in ran.out


def test_text_from_jq_keeps_its_lines_and_tabs(piooy, api):
    """The rest of it is escaped."""
    expect_look(api, task("FAILED", prompt="a\tb\nc\x9b\r\u202e"))

    assert piooy("task", TASK, "--jq", ".prompt").out == "a\tb\nc\\x9b\\x0d\\u202e\n"


def test_what_is_sent_is_what_was_typed(piooy, api):
    """Escapes are for what is printed."""
    expect_order(api)
    piooy("generate", "image", "-m", "m", "--no-wait", EVIL)

    assert [order["prompt"] for order in orders(api)] == [EVIL]


def test_digests_of_rows_are_those_of_earlier_versions(piooy, sandbox, home):
    """Else every row with such a character would be sent again, and charged again."""
    write(home / "m.jsonl", {"prompt": "a \u202e\x9b \U000e0041 \x7f é"})
    row = piooy("batch", "m.jsonl", "-m", "x", "--media", "image", "--dry-run", "--jq", ".row")
    sweep = piooy(
        "generate", "image", "-m", "x", "--vary", "key\u200b\u202e=a\x9b,b", "a \x9b", "-o", "out"
    )

    assert row.lines == ["sha:62f3cf43324b244aabd6ffc2207a8c31"]
    assert "batch sweep-5e776606: 2 of 2 rows done" in sweep.err


BAD_NAMES = ["a\x1b[31m", "a\nb", "a\tb/", "a\rb", "\x7f", "\x9b31m", "\u202e", "a\u2028b", "\u200b", "\ufeff", "\U000e0041", "e" + "\u0301" * 9, "{slug}\x07.{ext}"]  # fmt: skip
GENERATE = ("generate", "image", "-m", "m", "x")


@pytest.mark.parametrize(
    "arguments",
    [
        (*GENERATE, "-o"), (*GENERATE, "--vary", "seed:=1..2", "-o"), (*GENERATE, "--no-wait", "-o"), ("download", TASK, "-o"),
        ("wait", TASK, "--download", "-o"), ("batch", "p.txt", "-m", "m", "-o"), ("batch", "p.txt", "-m", "m", "--results"),
        ("batch", "p.txt", "-m", "m", "--summary"), ("batch", "p.txt", "-m", "m", "--metrics"), (*GENERATE, "--record"),
    ],
    ids=lambda value: f"{value[0]} {value[-1]}",
)  # fmt: skip
def test_paths_that_cannot_be_printed_are_refused(piooy, api, home, arguments):
    """Exit 2, one line and a hint, nothing sent, nothing created."""
    (home / "p.txt").write_text("a\n")
    api.expect_request(re.compile(".*")).respond_with_data(status=400)
    for name in BAD_NAMES:
        ran = piooy(*arguments, name)

        assert ran.code == 2 and len(ran.err.splitlines()) == 2, ascii(name)
        assert "control or invisible characters" in ran.err
    assert api.log == [] and [path.name for path in home.iterdir()] == ["p.txt"]


def test_a_path_in_the_environment_is_refused_too(piooy, api, home, monkeypatch):
    """As the option."""
    monkeypatch.setenv("PIOOY_OUTPUT", "a\x1b[31m")

    assert piooy(*GENERATE).code == 2 and api.log == []


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_row_with_such_a_path_is_a_bad_line(piooy, api, home, name):
    """Reported with its number; nothing of the manifest is sent."""
    write(home / "m.jsonl", {"prompt": "a"}, {"prompt": "b", "output": name})
    ran = piooy("batch", "m.jsonl", "-m", "m", "--media", "image")

    assert ran.code == 2 and "m.jsonl, line 2: " in ran.err and "control or invisible" in ran.err
    assert api.log == [] and [path.name for path in home.iterdir()] == ["m.jsonl"]


@pytest.mark.parametrize("name", ["خانه‌ها", "❤️", "👩‍👧", "café", "a b"])
def test_names_of_every_language_are_printed_as_they_are(piooy, api, home, name):
    """Joiners and emoji selectors are part of names: the next command finds the file."""
    Answers(api)
    ran = piooy("generate", "image", "-m", "good", "-o", f"{name}/", "x")

    assert (
        ran.code == 0
        and Path(ran.lines[0]).read_bytes() == PNG
        and ran.lines[0].startswith(f"{name}/")
    )


def test_names_made_of_responses_are_printed_as_they_are(piooy, api, home):
    """Without what could not be printed, and without piles of marks."""
    Answers(api)
    ran = piooy("download", "good-task-1", "-o", "{model}-{scene}.{ext}")

    assert ran.code == 0 and Path(ran.lines[0]).read_bytes() == PNG
    assert ran.lines[0].startswith("MARK") and not faults(ran.lines[0])


def test_lines_for_people_are_escaped_whoever_writes_them():
    """The stream is the last to look, on stderr as on stdout."""
    written = io.StringIO()
    LineStream(written, []).write_anyway(EVIL)
    LineStream(written, []).write(EVIL)
    LineStream(written, []).write_value(EVIL)

    assert not faults(written.getvalue()) and written.getvalue().count(SHOWN) == 6


@pytest.mark.parametrize("command", ["generate image -m good -o - x", "download good-task-1 -o -"])
def test_bytes_of_a_file_are_not_written_to_a_terminal(api, command):
    """Exit 2 before anything is sent; the hint says how to allow it."""
    Answers(api)
    screen = Terminal(*command.split())

    assert screen.end() == 2 and "/dev/stdout" in screen.text
    assert api.log == [] and PNG[1:8] not in screen.bytes


@pytest.mark.parametrize("command", ["generate image -m good -o /dev/stdout x", "download good-task-1 -o /dev/stdout"])  # fmt: skip
def test_dev_stdout_in_a_pipe_is_as_a_dash(piooy, api, home, command):
    """The bytes of the file, and nothing else anywhere."""
    Answers(api)

    assert piooy(*command.split()).bytes == PNG and list(home.iterdir()) == []


def test_dev_stdout_allows_bytes_on_a_terminal(api):
    """It cannot be typed by accident."""
    Answers(api)
    screen = Terminal("download", "good-task-1", "-o", "/dev/stdout", TERM="dumb")

    assert screen.end() == 0 and PNG[12:40] in screen.bytes


@pytest.mark.parametrize("command", ["wait --download -o /dev/stdout", "batch p.txt -m m -o /dev/stdout"])  # fmt: skip
def test_dev_stdout_is_for_one_file(piooy, api, home, command):
    """As `-o -`: refused before anything is sent."""
    (home / "p.txt").write_text("a\n")

    assert piooy(*command.split()).code == 2 and api.log == []
