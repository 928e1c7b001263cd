"""Completion in the shells themselves: bash, zsh and fish, on a terminal where they have one."""

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from processes import Terminal

ROOT = Path(__file__).parent.parent
NAMES = {"bash": "piooy.bash", "zsh": "_piooy", "fish": "piooy.fish", "powershell": "piooy.ps1"}
PROMPT = "shell> "


def needs(shell):
    """Skip where the shell is not there."""
    return pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not installed")


@pytest.fixture
def program(home, monkeypatch):
    """`piooy` on the PATH, which notes that it was started."""
    place = home.parent / "bin"
    place.mkdir()
    noted = home.parent / "started"
    script = place / "piooy"
    script.write_text(f'#!/bin/sh\necho "$@" >> {noted}\nexec {sys.executable} -m piooy_cli "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    return noted


@pytest.fixture
def known(piooy, sandbox, program):
    """The id of a task in the history, and a profile."""
    (task,) = piooy("generate", "image", "-m", "m", "--no-wait", "a red fox").lines
    assert piooy("config", "set", "--profile", "work", "output", "o/").code == 0
    program.unlink(missing_ok=True)
    return task


@pytest.mark.parametrize("shell", NAMES)
def test_the_published_script_is_printed(piooy, shell):
    """`piooy completion SHELL` is the file under completions/."""
    assert piooy("completion", shell).out == (ROOT / "completions" / NAMES[shell]).read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_no_rc_file_is_touched(piooy, home, shell):
    """Printing is all that it does."""
    (home.parent / ".bashrc").write_text("mine\n")

    piooy("completion", shell)

    assert [path.name for path in home.parent.iterdir() if path.is_file()] == [".bashrc"]
    assert (home.parent / ".bashrc").read_text() == "mine\n"


class Bash:
    """A bash at a prompt, which has read the script."""

    def __init__(self):
        self.screen = Terminal("--norc", "--noprofile", "-i", program=["bash"], columns=120)
        self.screen.send(f"PS1='{PROMPT}'; . {ROOT}/completions/piooy.bash; clear\n".encode())
        self.screen.until(PROMPT.strip())

    def press(self, keys):
        """Type."""
        self.screen.send(keys.encode())


class Zsh(Bash):
    """A zsh at a prompt, which finds the script in $fpath."""

    def __init__(self):
        self.screen = Terminal("-f", "-i", program=["zsh"], columns=120)
        start = f"PS1='{PROMPT}'; fpath=({ROOT}/completions $fpath); autoload -Uz compinit; compinit -u -D; clear\n"
        self.screen.send(start.encode())
        self.screen.until(PROMPT.strip())


SHELLS = [pytest.param(Bash, marks=needs("bash"), id="bash"), pytest.param(Zsh, marks=needs("zsh"), id="zsh")]  # fmt: skip
FIXED = [
    ("piooy gene\t", "piooy generate"),
    ("piooy generate im\t", "piooy generate image"),
    ("piooy --json wait --pen\t", "piooy --json wait --pending"),
    ("piooy download --on-exists sk\t", "piooy download --on-exists skip"),
    ("piooy config set-\t", "piooy config set-key"),
    ("piooy completion fi\t", "piooy completion fish"),
    ("piooy man exit\t", "piooy man exit-codes"),
    ("piooy models --color=alw\t", "piooy models --color=always"),
    ("piooy --profile history gene\t", "piooy --profile history generate"),
    ("piooy history --search show res\t", "piooy history --search show resolve"),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_fixed_completes_without_python(program, shell):
    """Commands, options and their values are in the script: piooy is not started."""
    line = shell()
    for keys, completed in FIXED:
        line.press(keys)
        line.screen.until(completed)
        line.press("\x15")

    line.press("exit\n")
    line.screen.end()
    assert not program.exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_changes_is_asked_for(known, program, shell):
    """Models, tasks, @last, settings and profiles come from the hidden command."""
    line = shell()
    for keys, completed in [
        ("piooy generate image -m nano-banana-p\t", "nano-banana-pro"),
        (f"piooy wait {known[:10]}\t", f"piooy wait {known}"),
        ("piooy task @la\t", "piooy task @last"),
        ("piooy config get base\t", "piooy config get base_url"),
        ("piooy --profile wo\t", "piooy --profile work"),
    ]:
        line.press(keys)
        line.screen.until(completed)
        line.press("\x15")
    line.press("exit\n")
    line.screen.end()

    assert {words.split()[0] for words in program.read_text().splitlines()} == {"__complete"}


def fish(line):
    """What fish offers for this line: words, and what is reported of them."""
    command = f'source {ROOT}/completions/piooy.fish; complete -C "{line}"'
    ran = subprocess.run(["fish", "--no-config", "-c", command], capture_output=True, text=True, check=True)  # fmt: skip
    return dict(row.partition("\t")[::2] for row in ran.stdout.splitlines())


@needs("fish")
def test_fish_offers_what_is_fixed(program):
    """With what each is, and without Python."""
    for keys, completed in FIXED:
        assert completed.split()[-1].split("=")[-1] in " ".join(fish(keys.strip("\t")))

    assert fish("piooy gene")["generate"].startswith("Create an image")
    assert fish("piooy generate --no-w")["--no-wait"] == "Not: Wait for the task to finish."
    assert "image" not in fish("piooy generate image ")
    assert not program.exists()


@needs("fish")
def test_fish_asks_for_what_changes(known):
    """Tasks with their prompts, settings with what they are."""
    assert "a red fox" in fish(f"piooy wait {known[:10]}")[known]
    assert fish("piooy config set base")["base_url"] == "URL of the API"
    assert set(fish("piooy task --profile ")) == {"default", "work"}


@pytest.mark.parametrize("shell", [pytest.param(name, marks=needs(name)) for name in ("bash", "zsh", "fish")])  # fmt: skip
def test_every_shell_can_read_its_script(shell):
    """Nothing in it is a mistake."""
    check = "--no-execute" if shell == "fish" else "-n"

    subprocess.run([shell, check, ROOT / "completions" / NAMES[shell]], check=True)


@needs("shellcheck")
def test_shellcheck_has_nothing_to_say():
    """About the bash script."""
    script = ROOT / "completions" / "piooy.bash"
    ran = subprocess.run(["shellcheck", "-s", "bash", script], capture_output=True, text=True, check=False)  # fmt: skip

    assert ran.stdout == ""


@needs("pwsh")
def test_powershell_completes():
    """Commands and values, where there is a PowerShell."""
    script = f'. {ROOT}/completions/piooy.ps1; (TabExpansion2 "piooy gene" 10).CompletionMatches.CompletionText'
    ran = subprocess.run(["pwsh", "-NoProfile", "-c", script], capture_output=True, text=True, check=True)  # fmt: skip

    assert ran.stdout.strip() == "generate"


HOSTILE = [
    "$(touch PWNED)", "`touch PWNED`", "$(touch\tPWNED)", "a;touch PWNED", "a'b;touch PWNED;'", 'a"$(touch PWNED)"',
    "a\n$(touch PWNED)", "a|touch PWNED", "a&touch PWNED", "<(touch PWNED)", "${x:=$(touch PWNED)}", "a\\", "*", "~root",
]  # fmt: skip
TYPED = ["-m ", "-m a", '-m "']


@pytest.fixture
def answer(program):
    """Make a `piooy` that answers with these lines, whatever it is asked."""

    def answers(*lines):
        (program.parent / "answers").write_text("\n".join(lines) + "\n")
        (program.parent / "bin" / "piooy").write_text(f"#!/bin/sh\ncat {program.parent}/answers\n")

    return answers


@pytest.mark.parametrize("shell", SHELLS)
def test_no_name_is_run_by_a_shell(answer, home, shell):
    """Whatever the hidden command answers, a TAB and a list of all answers run none of it."""
    line = shell()
    for n, name in enumerate(HOSTILE):
        answer(name, "other", "a\ttold $(touch PWNED) `touch PWNED`")
        for typed in TYPED:
            line.press(f"piooy generate image {typed}\t\t\x15")
        line.press(f"clear; echo en''d-{n}-\n")
        line.screen.until(f"end-{n}-")
    line.press("exit\n")
    line.screen.end()

    assert not list(home.rglob("PWNED*"))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_name_is_inserted_as_one_word(answer, shell):
    """A name with blanks and metacharacters is quoted."""
    answer("$(touch PWNED)")
    line = shell()
    line.press("piooy generate image -m \t")
    line.screen.until("image -m \\$\\(touch\\ PWNED\\)")
    line.press("\x15exit\n")
    line.screen.end()


@needs("fish")
def test_fish_runs_no_name(answer, home):
    """It takes answers as text."""
    answer(*HOSTILE)
    for typed in TYPED:
        fish(f"piooy generate image {typed.strip('`')}".replace("$", "\\$").replace('"', ""))

    assert not list(home.rglob("PWNED*"))


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_ledger_holds_is_not_run(piooy, sandbox, program, home, shell):
    """Prompts and models of past orders are described as text."""
    for text in HOSTILE:
        assert piooy("generate", "image", "-m", text, "--no-wait", text).code == 0
    line = shell()
    line.press("piooy wait \t\t")
    line.screen.until("@last")
    line.press("\x15exit\n")
    line.screen.end()

    assert not list(home.rglob("PWNED*"))


@pytest.mark.parametrize("name", [*HOSTILE, "", "a b", "a\x1bb", "a\u202eb", "a#b", "a=b"])
def test_names_that_a_shell_would_run_are_refused(piooy, home, name):
    """Of models and profiles, with the name and the way out, and never completed."""
    quoted = json.dumps(name)
    file = home.parent / "config" / "config.toml"
    file.parent.mkdir()
    for table in (f"models.{quoted}]", f"profiles.{quoted}]", f'limit]\n{quoted} = "6/min"'):
        file.write_text(f"[profiles.ok]\n[{table}\n")

        ran = piooy("models")

        assert ran.code == 2
        assert "is not a valid name of a" in ran.err and "piooy config edit" in ran.err
        assert piooy("__complete", "models").out == ""
        assert piooy("__complete", "profiles").lines == ["default\t", "ok\t"]


def test_names_in_use_are_still_accepted(piooy, home):
    """Slashes, dots, colons, versions and other scripts mean nothing to a shell."""
    file = home.parent / "config" / "config.toml"
    file.parent.mkdir()
    names = ["my/own", "veo-3.1", "flux@v2", "ft:x+y_1", "modèle"]
    file.write_text(
        "".join(f'[models."{name}"]\nmedia = "video"\n[profiles."{name}"]\n' for name in names)
    )

    assert set(names) < {one["id"] for one in piooy("models", "--json").json}
    assert piooy("__complete", "profiles").lines == [
        f"{name}\t" for name in ("default", *names[:-1])
    ]


def test_a_profile_that_would_be_refused_is_not_made(piooy, home):
    """`config set` checks before it writes."""
    ran = piooy("config", "set", "--profile", "$(touch PWNED)", "output", "x")

    assert ran.code == 2
    assert not (home.parent / "config" / "config.toml").exists()


def test_hidden_answers_are_offline_and_silent(piooy, known, home):
    """By their beginning, each with what it is; nothing at all on trouble."""
    assert piooy("__complete", "models", "veo").lines == ["veo-3-1\tvideo", "veo-3-1-fast\tvideo"]
    assert f"{known}\tpending a red fox" in piooy("__complete", "refs").lines
    assert "@unsaved\tsucceeded and not saved yet" in piooy("__complete", "refs", "@").lines  # fmt: skip
    assert (piooy("__complete", "nonsense").out, piooy("__complete", "nonsense").err) == ("", "")
    (home.parent / "config" / "config.toml").write_text("broken = ")
    ran = piooy("__complete", "models", "veo")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_glance_at_the_ledger_leaves_nothing(piooy, known, home):
    """Not even the files that SQLite makes to read; a ledger that is no ledger offers no tasks."""
    before = {path.name: path.stat().st_mtime_ns for path in (home.parent / "state").iterdir()}

    assert known in piooy("__complete", "refs").out
    assert {path.name: path.stat().st_mtime_ns for path in (home.parent / "state").iterdir()} == before  # fmt: skip
    (home.parent / "state" / "ledger.sqlite3").write_bytes(b"no ledger" * 1000)
    ran = piooy("__complete", "refs")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
