"""The manual: well formed, complete, shown wherever it is, and its examples do what they say."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from processes import DEFINE, Terminal

from piooy_cli.batch.production.example import EXAMPLE
from piooy_cli.cli.app import command_app
from piooy_cli.cli.reference.blocks import CodeBlock
from piooy_cli.cli.reference.facts import USUAL_VARIABLES, exit_codes, variables
from piooy_cli.cli.reference.manual import manual_pages
from piooy_cli.cli.reference.topics import example_config
from piooy_cli.cli.reference.tree import command_tree
from piooy_cli.config.settings import resolve_settings

ROOT = Path(__file__).parent.parent
TREE = command_tree(typer.main.get_command(command_app()))
PAGES = manual_pages(TREE).pages
SECTIONS = [
    "NAME", "SYNOPSIS", "DESCRIPTION", "ARGUMENTS", "COMMANDS", "OPTIONS", "EXIT STATUS",
    "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO",
]  # fmt: skip
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)


def run(*command):
    """Its output, stdout and stderr together."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout  # fmt: skip


def test_there_is_a_page_for_each_command_and_topic():
    """And no other file in man/."""
    commands = {f"piooy-{child.name}.1" for child in TREE.children}
    topics = {"piooy-exit-codes.7", "piooy-environment.7", "piooy-config.5"}

    assert {path.name for path in (ROOT / "man").iterdir()} == {"piooy.1", *commands, *topics}


@each_page
@pytest.mark.parametrize(
    ("reader", "arguments"),
    [("mandoc", ["-T", "lint"]), ("man", ["--warnings", "-l"]), ("lexgrog", [])],
    ids=["mandoc", "man", "lexgrog"],
)
def test_readers_have_nothing_to_complain_of(page, reader, arguments):
    """`mandoc -T lint` and `man --warnings` are silent; `lexgrog` finds name and summary."""
    if not shutil.which(reader):
        pytest.skip(f"{reader} is not installed")
    file = str(ROOT / "man" / page.file)
    if reader == "lexgrog":
        assert run(reader, file).strip().endswith(f': "{page.name} - {page.summary}"')
    elif reader == "mandoc":
        assert run(reader, *arguments, file) == ""
    else:
        ran = subprocess.run([reader, *arguments, file], capture_output=True, text=True, env=os.environ | {"MANROFFOPT": ""}, check=False)  # fmt: skip
        assert ran.stderr == ""


@each_page
def test_sections_stand_in_their_order(page):
    """As man-pages(7) has them; a command has all that it can have."""
    titles = re.findall(r"^\.SH (.*)$", (ROOT / "man" / page.file).read_text(), re.M)

    assert titles == [title for title in SECTIONS if title in titles]
    if page.section == 1:
        assert {"SYNOPSIS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"} < {*titles}  # fmt: skip


@each_page
def test_the_date_is_fixed(page):
    """A build of another day is the same."""
    assert re.match(r'\.TH PIOOY\S* \d \d{4}-\d\d-\d\d "piooy ', (ROOT / "man" / page.file).read_text())  # fmt: skip


def test_exit_codes_and_variables_are_all_there(piooy):
    """In their pages and in the first one."""
    codes, environment, first = (piooy("man", *name).out for name in (["exit-codes"], ["environment"], []))  # fmt: skip

    assert all(f"{code.number} {code.name}" in codes for code in exit_codes())
    assert all(name in environment for name in [*USUAL_VARIABLES, *dict(variables())])
    assert {*re.findall(r"PIOOY_[A-Z_]+", first)} == {*dict(variables())}


def test_every_option_is_told_on_its_page(piooy):
    """By all its names."""
    for child in TREE.children:
        told = piooy("man", child.name).out
        for command in child.walk():
            assert all(name in told for one in command.options for name in one.all_names)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ([], "PIOOY(1)"),
        (["piooy"], "PIOOY(1)"),
        (["history"], "PIOOY-HISTORY(1)"),
        (["config", "set-key"], "PIOOY-CONFIG(1)"),
        (["config.5"], "PIOOY-CONFIG(5)"),
        (["piooy-config(5)"], "PIOOY-CONFIG(5)"),
        (["piooy.1"], "PIOOY(1)"),
        (["exit-codes"], "PIOOY-EXIT-CODES(7)"),
    ],
    ids=str,
)
def test_a_page_by_its_name_as_text_into_a_pipe(piooy, words, title):
    """No escape codes, nothing wider than the window."""
    ran = piooy("man", *words)

    assert (ran.code, ran.lines[0], ran.err) == (0, title, "")
    assert "\x1b" not in ran.out and max(map(len, ran.lines)) <= 80


def test_a_page_that_is_not_there(piooy):
    """Exit 14, and which there are."""
    assert piooy("man", "generate", "nonsense").code == 14
    ran = piooy("man", "genrate")

    assert ran.code == 14 and "'genrate'" in ran.err and "generate" in ran.err


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed")
def test_on_a_terminal_man_shows_it():
    """With the page that was installed."""
    screen = Terminal("man", "wait", MANPAGER="cat", PAGER="cat", rows=200)

    assert screen.end() == 0
    assert "PIOOY-WAIT(1)" in screen.text and "User Commands" in screen.text


def test_on_a_terminal_without_man_it_is_text(monkeypatch, home):
    """The same words."""
    screen = Terminal("man", "wait", PATH=str(home), rows=200)

    assert screen.end() == 0
    assert screen.text.startswith("PIOOY-WAIT(1)") and "--pending" in screen.text


def test_the_config_file_of_the_manual_is_one():
    """Every key of it is known, every value accepted."""
    resolved = resolve_settings({"profile": "work"}, {}, tomllib.loads(example_config()))

    assert resolved.unknown == ()
    assert resolved.settings.output == "/srv/media"


def examples():
    """Page and line."""
    for page in PAGES:
        for section in page.sections:
            for block in section.blocks if section.title == "EXAMPLES" else ():
                if isinstance(block, CodeBlock) and page.section != 5:
                    yield from ((page.file, line) for line in block.lines)


KEYRING = """
from pathlib import Path
from keyring.backend import KeyringBackend
class Kept(KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        return Path("kept").read_text() if Path("kept").exists() else None
    def set_password(self, service, username, password):
        Path("kept").write_text(password)
"""


@pytest.fixture
def stage(piooy, sandbox, raw, home, monkeypatch):
    """What the examples take for granted: tasks, files, a keyring, two orders in doubt."""
    piooy("generate", "image", "-m", "m", "-n", "2", "--no-download", "a fox")
    tasks = piooy("history", "--json").json
    (home / "ids.txt").write_text("\n".join(task["id"] for task in tasks))
    (home / "piooy.toml").write_text('[presets.hero]\nmodel = "m"\n')
    piooy("generate", "image", "-m", "m", "-o", "fox.png", "a fox")
    piooy("config", "set", "store", str(home / "store"))
    (home / "question.txt").write_text("how?")
    (home / "prompts.txt").write_text("a fox\na hare\n")
    (home / "spring.toml").write_text(EXAMPLE)
    (home / "rows.jsonl").write_text('{"prompt": "an owl", "model": "m", "media": "image"}\n')
    (home / "rows.csv").write_text("prompt,model,media\na fox,m,image\n")
    (home / "kept_keyring.py").write_text(KEYRING)
    (home.parent / ".config" / "fish" / "completions").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "kept_keyring.Kept")

    def doubt():
        server = raw(lambda connection: connection.recv(65536))
        assert piooy("generate", "image", "-m", "m", "x", "--base-url", server.url).code == 11
        (order,) = piooy("history", "--unknown", "--json", "--base-url", server.url).json
        monkeypatch.setenv("PIOOY_BASE_URL", server.url)
        return order["ref"]

    return doubt


@pytest.mark.parametrize(("page", "line"), list(examples()), ids=lambda text: text[:60])
def test_the_examples_work(stage, piooy, page, line):
    """Each line as it stands, in a shell: exit 0."""
    if "@row:12" in line:
        line = line.replace("@row:12", stage())
    if "@batch:rows" in line:
        piooy("batch", "rows.jsonl")
    if page == "piooy-sandbox.1":
        pytest.skip("the test below runs both lines")
    define = DEFINE + "pass() { echo a-key-from-elsewhere; }\n"
    ran = subprocess.run(["bash", "-c", define + line], input="a-key-that-is-typed\n", capture_output=True, text=True, timeout=60, check=False)  # fmt: skip

    assert ran.returncode == 0, ran.stderr


def test_the_examples_of_the_sandbox_work(home, free_port):
    """A server in one shell, a client in another; at a free port here."""
    serve, use = (line.replace("8787", str(free_port)) for page, line in examples() if page == "piooy-sandbox.1")  # fmt: skip
    program = [sys.executable, "-m", "piooy_cli", *serve.split()[1:], "--port", str(free_port)]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr.readline()
        ran = subprocess.run(["bash", "-c", DEFINE + use], capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        server.terminate()

    assert ran.returncode == 0, ran.stderr
