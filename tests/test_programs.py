"""Other programs that piooy starts: none of them sees the API key, nor takes a path for an option."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import KEY
from processes import PIOOY, Terminal, wait_for

from piooy_cli.output import notification
from piooy_cli.programs import environment, run, spoken

ROOT = Path(__file__).parent.parent


@pytest.fixture
def program(home, monkeypatch):
    """Put a program on the PATH, before all others, that notes its arguments and variables."""
    place = home.parent / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    monkeypatch.setenv("PIOOY_API_KEY_FILE", "/the/key/file")

    def make(name):
        noted = home.parent / f"{name}.noted"
        script = place / name
        script.write_text(
            f'#!/bin/sh\n{{ for one; do echo "$one"; done; env; }} > {noted}.new\nmv {noted}.new {noted}\n'
        )
        script.chmod(0o755)
        return noted

    return make


def seen_by(noted):
    """What the program was given, once it has noted all of it."""
    wait_for(noted.exists)
    text = noted.read_text()
    assert "PATH=" in text and "PIOOY_STATE_DIR=" in text
    assert KEY not in text and "PIOOY_API_KEY" not in text
    return text.splitlines()


def test_the_editor_has_no_key(piooy, home, sandbox, program, monkeypatch):
    """`config edit` gives it the file, by its absolute path."""
    noted = program("editor")
    monkeypatch.setenv("EDITOR", "editor --wait")
    monkeypatch.setenv("PIOOY_CONFIG_DIR", "-config")

    assert piooy("config", "edit").code == 0

    assert seen_by(noted)[:2] == ["--wait", str(home / "-config" / "config.toml")]


def test_the_desktop_has_no_key(piooy, sandbox, program):
    """`--notify` without a terminal runs notify-send, with the text after `--`."""
    noted = program("notify-send")

    assert piooy("generate", "image", "-m", "m", "--no-wait", "--notify", "a fox").code == 0

    assert seen_by(noted)[1:4] == ["--", "piooy", "done: a fox"]


def test_a_notification_holds_no_markup(piooy, sandbox, program):
    """Desktops take the body for markup, so that a prompt of the server is escaped; terminals do not."""
    noted = program("notify-send")
    prompt = "<a href='http://evil/'>x</a>&<img src='file:///x'/>"

    assert piooy("generate", "image", "-m", "m", "--no-wait", "--notify", prompt).code == 0

    assert (
        seen_by(noted)[3]
        == "done: &lt;a href='http://evil/'&gt;x&lt;/a&gt;&amp;&lt;img src='file:///x'/&gt;"
    )
    assert "<a href" in notification.sequence("piooy", prompt, {"TERM": "xterm-kitty"})


def test_the_viewer_has_no_key_and_no_options(home, sandbox, program):
    """`--open` runs the desktop's opener with an absolute path, and its output is dropped."""
    noted = program("open" if sys.platform == "darwin" else "xdg-open")
    command = [
        *PIOOY,
        "generate",
        "image",
        "-m",
        "m",
        "-o",
        "-dir/",
        "--interval",
        "1s",
        "--open",
        "fox",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    (path,) = ran.stdout.splitlines()
    assert path.startswith("-dir/")
    assert seen_by(noted)[0] == str(home / path)


def test_a_missing_viewer_is_told(home, sandbox, program, monkeypatch):
    """The file is saved all the same."""
    monkeypatch.setenv("PATH", str(home.parent / "bin"))
    command = [*PIOOY, "generate", "image", "-m", "m", "--interval", "1s", "--open", "fox"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "could not be opened" in ran.stderr and (home / ran.stdout.strip()).exists()


def test_man_has_no_key(home, sandbox, program):
    """`piooy man` on a terminal runs it with the page."""
    noted = program("man")
    assert Terminal("man", "generate").end() == 0

    assert seen_by(noted)[0].endswith("piooy-generate.1")


def test_only_secret_variables_of_piooy_are_removed():
    """All others reach the program, also another program's keys, which it may need."""
    kept = {"PATH": "/bin", "PIOOY_STATE_DIR": "s", "PIOOY_PROFILE": "p", "AWS_SECRET_KEY": "k"}
    secret = {
        "PIOOY_API_KEY": "k",
        "PIOOY_API_KEY_FILE": "f",
        "Piooy_Api_Key": "k",
        "PIOOY_TOKEN": "t",
    }

    assert environment(kept | secret) == kept


def test_a_program_that_hangs_is_given_up():
    """After its time, as an error of the system."""
    with pytest.raises(OSError, match=r"did not end within 0\.1 s"):
        run(sys.executable, "-c", "import time; time.sleep(9)", timeout=0.1)


def test_no_other_module_starts_programs(tmp_path):
    """The linter refuses it anywhere in the package but in `programs`."""
    for line in (
        "import subprocess",
        "import webbrowser",
        "from typer import launch",
        "import os; os.system('ls')",
    ):
        command = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--no-cache",
            "--stdin-filename",
            "piooy_cli/app/new.py",
            "-",
        ]
        ran = subprocess.run(
            command, input=f"{line}\n", cwd=ROOT, capture_output=True, text=True, check=False
        )

        assert "TID251" in ran.stdout, (line, ran.stdout, ran.stderr)


def test_what_a_program_says_is_bounded_in_time_and_length(monkeypatch):
    """Its stderr, unless it fails, says too much or goes on for too long; and without the key."""
    monkeypatch.setenv("PIOOY_API_KEY", "secret")

    def said(code, **how):
        return spoken(sys.executable, "-c", f"import os, sys, time\n{code}", **how)

    assert said("sys.stderr.write(os.environ.get('PIOOY_API_KEY', 'none'))", timeout=20) == "none"
    assert said("sys.stderr.write('x'); sys.exit(3)", timeout=20) is None
    start = time.monotonic()
    assert (
        said(
            "import contextlib\nwhile True:\n with contextlib.suppress(OSError): os.write(2, b'x' * 999)",
            timeout=60,
            most=10_000,
        )
        is None
    )
    assert said("time.sleep(60)", timeout=0.2) is None
    assert time.monotonic() - start < 20
    assert spoken("/no/such/program", timeout=1) is None
