"""Help that teaches: everywhere, examples first, readable in a narrow window, kind to typos."""

import re
from pathlib import Path

import pytest
import typer

from piooy_cli.cli.app import command_app
from piooy_cli.cli.reference import layout
from piooy_cli.cli.reference.facts import exit_codes
from piooy_cli.cli.reference.tree import command_tree

ROOT = Path(__file__).parent.parent
TREE = command_tree(typer.main.get_command(command_app()))
each_command = pytest.mark.parametrize(
    "command", list(TREE.walk()), ids=lambda one: one.words or "piooy"
)


@each_command
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_everywhere(piooy, command, option):
    """On stdout, exit 0, within 80 columns."""
    ran = piooy(*command.path[1:], option)

    assert (ran.code, ran.err) == (0, "")
    assert ran.lines[0].startswith(f"Usage: {' '.join(command.path)} [OPTIONS]")
    assert max(map(len, ran.lines)) <= 80


@each_command
@pytest.mark.parametrize("columns", [40, 30, 200])
def test_help_fits_the_window(piooy, monkeypatch, command, columns):
    """But for a word that is longer than a line, which nothing could break."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for line in piooy(*command.path[1:], "--help").lines:
        room = min(columns, 80)
        words = line.removesuffix(" \\").split()
        assert len(line) <= room or len(words) == 1 or '"' in line or "[REF]" in line, line


def test_the_first_page_fits_forty_columns_whole(piooy, monkeypatch):
    """No line of it is longer."""
    monkeypatch.setenv("COLUMNS", "40")

    assert max(map(len, piooy("-h").lines)) <= 40


@each_command
def test_examples_stand_above_the_options(piooy, command):
    """Where there are any; and they begin with the command."""
    text = piooy(*command.path[1:], "--help").out
    if command.examples:
        assert text.index("Examples:") < text.index("ptions:")
    assert all("piooy" in line for line in command.examples)


def test_common_options_stand_on_top(piooy):
    """Model, ratio and output before what belongs to music or to waiting."""
    text = piooy("generate", "-h").out
    order = ["-m, --model", "-a, --aspect-ratio", "-o, --output", "Waiting:", "--interval", "Music:", "--lyrics"]  # fmt: skip

    assert sorted(order, key=text.index) == order
    assert text.count("piooy generate") >= 3


def test_alone_it_shows_where_to_start(piooy):
    """An example within the first lines, the first command to type, and where help is."""
    ran = piooy()

    assert ran.code == 0
    assert any("piooy --sandbox generate image" in line for line in ran.lines[:25])
    assert "config set-key" in ran.out and "https://" in ran.out and "piooy man" in ran.out


def test_exit_codes_are_in_the_first_page(piooy):
    """All of them, by name."""
    text = " ".join(piooy("--help").out.split())

    assert all(f"{code.number} {code.name}" in text for code in exit_codes())


@pytest.mark.parametrize("group", ["history", "config", "sandbox"])
def test_a_group_names_its_commands(piooy, group):
    """Each with what it does."""
    text = " ".join(piooy(group, "--help").out.split())
    (found,) = [child for child in TREE.children if child.name == group]

    assert all(f"{child.name} {child.summary}" in text for child in found.children)


def test_every_option_has_a_long_name():
    """And the usual short ones mean what they usually mean."""
    usual = {"-o": "--output", "-q": "--quiet", "-v": "--verbose", "-y": "--yes", "-m": "--model"}
    for command in TREE.walk():
        for option in command.options:
            assert any(name.startswith("--") for name in option.all_names), option
            assert all(usual[name] in option.names for name in option.names if name in usual)


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
    [
        (["genrate"], "generate"),
        (["history", "resovle", "x"], "resolve"),
        (["wait", "--tmeout", "3"], "--timeout"),
        (["generate", "imag", "x"], "'image'"),
        (["--color", "blue", "models"], "'always'"),
        (["download", "--on-exists", "renam", "x"], "'rename'"),
        (["task", "--refresh", "liv", "x"], "'live'"),
        (["history", "--limit", "x"], "--limit"),
        (["wait", "--timeout", "soon", "x"], "90, 90s, 10m or 2h"),
        (["generate"], "image"),
    ],
    ids=str,
)
def test_a_typo_is_answered_with_what_was_meant(piooy, arguments, told):
    """Exit 2, one grep-able line with option, value and what is accepted, and where help is."""
    ran = piooy(*arguments)

    assert (ran.code, ran.out) == (2, "")
    first = ran.err.splitlines()[0]
    assert told in first and "--help" in ran.err
    assert len(ran.err.splitlines()) <= 3 and not set("╭│╰─") & set(ran.err)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["models", "--profile"], "--profile requires a value"), (["task", "a", "-"], "`-` (stdin) cannot be combined"), (["wait", "-o", "x", "a"], "--download"),
     (["generate", "image", "-m", "m", "-5 degrees"], "`--`"), (["config", "set-key", "sk-live-0123456789"], "does not accept the key as an argument")],
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
    """A program is reported in its own language, even when it mistyped."""
    assert piooy("wait", "--bad", "--json").error["code"] == "usage"


@pytest.mark.parametrize(
    ("line", "width", "folded"),
    [
        ("  short", 40, "  short"),
        ('  piooy a "b c" d', 13, '  piooy a \\\n    "b c" d'),
        ("  piooy aaaa | piooy bbbb", 16, "  piooy aaaa | \\\n    piooy bbbb"),
        ('  piooy "a b c d e f"', 10, '  piooy \\\n    "a b c d e f"'),
    ],
)
def test_a_folded_example_is_the_same_line_to_a_shell(line, width, folded):
    """Continued with a backslash, never inside quotes."""
    assert layout.shell(line, width) == folded
    assert folded.replace("\\\n", "").split() == line.split()


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("Usage: a b", "Usage: a b"),
        ("Usage: a one|two|three", "Usage: a one|\n  two|three"),
        ("Usage: command arguments", "Usage: command\n  arguments"),
    ],
)
def test_a_usage_line_is_folded_where_it_can_be(line, folded):
    """At spaces, and behind a bar."""
    assert layout.usage(line, 16, "  ") == folded


@pytest.mark.parametrize("words", [["-h"], ["-h", "history"], ["--help", "generate"], ["--profile", "history", "-h"]], ids=str)  # fmt: skip
def test_help_before_a_command_is_that_of_piooy(piooy, words):
    """Whole, with every command."""
    text = piooy(*words).out

    assert all(f"  {child.name} " in text for child in TREE.children)


def test_what_follows_an_option_is_its_value(piooy):
    """Also where it looks like a global option; nothing of a paid request is mistaken."""
    words = ["generate", "image", "-m", "m", "--dry-run", "--negative-prompt", "--json", "x"]
    (order,) = piooy(*words).json

    assert (order["prompt"], order["options"]) == ("x", {"negative_prompt": "--json"})


def test_global_letters_bundle_with_others(piooy):
    """`-qn 1` is `-q -n 1`."""
    assert piooy("history", "-qn", "1").code == 0


def test_a_missing_value_is_told_in_json_too(piooy):
    """Where --json was asked for anywhere."""
    assert piooy("history", "--json", "--profile").error["code"] == "usage"


def test_the_next_command_can_be_copied(piooy, api):
    """Values are quoted as a shell wants them."""
    piooy("config", "set", "--profile", "a b", "output", "x/")
    ran = piooy("--profile", "a b", "history", "show", "@last")

    assert "`piooy --profile 'a b' " in ran.err or "`piooy" not in ran.err
