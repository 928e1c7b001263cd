"""What is written down is true: exit codes, settings, commands, scripts and pages."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from piooy_cli.errors import PiooyError
from piooy_cli.settings import OTHER_VARIABLES, VARIABLES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "man" / "piooy.1").read_text(encoding="utf-8")
KINDS = [PiooyError, *PiooyError.__subclasses__()]


def test_exit_codes_are_unique_and_named():
    """One class, one code, one name."""
    assert (
        len({kind.exit_code for kind in KINDS}) == len(KINDS) == len({kind.name for kind in KINDS})
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_error_is_in_readme_and_manual(kind):
    """A new error class cannot be forgotten there."""
    assert f"| {kind.exit_code} | {kind.name}:" in README
    assert f"\\fB{kind.exit_code}\\fR\n{kind.name}:" in MANUAL.replace("\\-", "-")


@pytest.mark.parametrize("variable", [*VARIABLES, *OTHER_VARIABLES])
def test_every_variable_is_in_readme_and_manual(variable):
    """What the code reads is what is told."""
    assert f"`{variable}`" in README and variable in MANUAL


def test_the_code_reads_no_other_variable():
    """Every PIOOY_ name in the sources is published."""
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "piooy_cli").rglob("*.py")
    )

    assert set(re.findall(r"PIOOY_[A-Z_]+[A-Z]", sources)) == set(VARIABLES) | set(OTHER_VARIABLES)


def test_generated_files_are_fresh():
    """`make docs` would change nothing."""
    ran = subprocess.run(
        [sys.executable, "tools/publish.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.stdout, ran.returncode) == ("", 0)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "generate",
        "task",
        "wait",
        "download",
        "models",
        "contact",
        "completion",
        "config",
        "config set-key",
        "sandbox",
        "sandbox serve",
    ],
)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_everywhere(piooy, command, option):
    """On stdout, exit 0, within 80 columns."""
    ran = piooy(*command.split(), option)

    assert (ran.code, ran.err) == (0, "")
    assert "Usage: piooy" in ran.out and max(map(len, ran.lines)) <= 80


def test_alone_it_shows_where_to_start(piooy):
    """An example, and the first command to type."""
    ran = piooy()

    assert ran.code == 0
    assert "piooy --sandbox generate image" in ran.out and "config set-key" in ran.out


def test_version_anywhere(piooy):
    """Line one, and nothing else."""
    assert re.fullmatch(r"piooy [0-9.]+\n", piooy("task", "--version").out)


@pytest.mark.parametrize("before", [True, False])
def test_global_options_stand_before_and_after(piooy, before):
    """Both are the same."""
    arguments = ["--json", "models", "veo-3-1"] if before else ["models", "veo-3-1", "--json"]

    assert piooy(*arguments).json[0]["id"] == "veo-3-1"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["genrate"], "generate"), (["wait", "--tmeout", "3"], "--timeout"), (["generate", "imag", "x"], "'image'"), (["--color", "blue", "models"], "'always'")],
    ids=str,
)  # fmt: skip
def test_a_typo_is_answered_with_what_was_meant(piooy, arguments, told):
    """Exit 2, one grep-able line with the accepted values, and where help is."""
    ran = piooy(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err.splitlines()[0] and "--help" in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["models", "--profile"], "--profile needs a value"), (["task", "a", "-"], "stands for stdin"), (["wait", "-o", "x", "a"], "--download"),
     (["generate", "image", "-m", "m", "-5 degrees"], "`--`"), (["config", "set-key", "sk-live-0123456789"], "takes no argument")],
    ids=str,
)  # fmt: skip
def test_more_mistakes_with_a_way_out(piooy, api, arguments, told):
    """Exit 2, told in a sentence; a key typed by mistake is not repeated."""
    ran = piooy(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err and "sk-live" not in ran.err


def test_short_global_options_bundle(piooy):
    """`-qv` is `-q -v`, wherever it stands."""
    assert piooy("models", "-qv", "veo-3-1").code == 0


def test_usage_errors_as_json(piooy):
    """A program is told in its own language, even when it mistyped."""
    assert piooy("wait", "--bad", "--json").error["code"] == "usage"


def test_models(piooy):
    """Listed one a line; one with its options; an unknown one is no reason to stop."""
    assert any(line.startswith("nano-banana-pro\timage\tevolink") for line in piooy("models").lines)
    assert all("\tvideo\t" in line for line in piooy("models", "--media", "video").lines)
    assert "resolution\t1K 2K 4K" in piooy("models", "nano-banana-pro").lines
    unknown = piooy("models", "nope")
    assert unknown.code == 14 and "any id" in unknown.err


def test_own_models_join_the_catalogue(piooy, home):
    """`[models.ID]` in the config file; defaults are sent."""
    config = home.parent / "config"
    config.mkdir()
    (config / "config.toml").write_text(
        '[models."my/own"]\nmedia = "video"\nprovider = "mine"\nseconds = 9\ndefaults = { duration = 4 }\n'
    )

    assert "my/own\tvideo\tmine\t9 s\t\t\t" in piooy("models").lines
    assert piooy("generate", "video", "-m", "my/own", "--dry-run", "x").json[0]["options"] == {
        "duration": 4
    }


@pytest.mark.parametrize(
    ("shell", "check"),
    [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])],
)
def test_scripts_are_what_the_shell_reads(piooy, home, shell, check):
    """`piooy completion SHELL` prints the published file, and the shell takes it."""
    name = {"bash": "piooy.bash", "zsh": "_piooy", "fish": "piooy.fish"}[shell]
    printed = piooy("completion", shell).out

    assert printed == (ROOT / "completions" / name).read_text(encoding="utf-8")
    if shutil.which(check[0]):
        subprocess.run([*check, str(ROOT / "completions" / name)], check=True)


def complete(words):
    """What bash offers for these words."""
    script = f"""
    . {ROOT}/completions/piooy.bash
    COMP_WORDS=({" ".join(words)} '') ; [[ "{words[-1]}" == piooy ]] || unset 'COMP_WORDS[-1]'
    COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); _piooy; echo "${{COMPREPLY[@]}}" """
    return subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["piooy", "gen"], ["generate"]),
        (["piooy", "generate", "im"], ["image"]),
        (["piooy", "config", "set"], ["set", "set-key"]),
        (["piooy", "--json", "wait", "--tim"], ["--timeout"]),
        (["piooy", "download", "--on-exists", "s"], ["skip"]),
        (["piooy", "completion", "f"], ["fish"]),
        (["piooy", "generate", "image", "-o", "i"], []),
    ],
    ids=" ".join,
)
def test_bash_completes_without_starting_python(monkeypatch, words, offered):
    """Commands, options and fixed values are in the script."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    assert complete(words) == offered


def test_hidden_answers_are_offline_and_silent(piooy, home):
    """Model ids by their beginning; nothing at all on trouble."""
    assert piooy("__complete", "models", "veo").lines == ["veo-3-1", "veo-3-1-fast"]
    assert (piooy("__complete", "nonsense").out, piooy("__complete", "nonsense").err) == ("", "")
    config = home.parent / "config"
    config.mkdir()
    (config / "config.toml").write_text("broken = ")
    ran = piooy("__complete", "models", "veo")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
def test_the_manual_page_is_well_formed():
    """`mandoc -T lint` has nothing to say."""
    ran = subprocess.run(
        ["mandoc", "-T", "lint", str(ROOT / "man" / "piooy.1")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout == ""
