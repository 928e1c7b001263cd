"""What people expect of a command-line tool, by the numbers of docs/conventions.md, in shells."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from processes import PIOOY, Terminal, shell, start
from servers import TASK, expect_look, task

ROOT = Path(__file__).parent.parent
ESC = "\x1b"
PROGRAM = f"{sys.executable} -m piooy_cli"  # for commands that start others


@pytest.fixture(scope="module")
def past(served, tmp_path_factory):
    """A state directory that knows two saved pictures, made once."""
    place = tmp_path_factory.mktemp("past")
    environ = os.environ | {"PIOOY_STATE_DIR": str(place / "state"), "PIOOY_CONFIG_DIR": str(place / "c"), "PIOOY_BASE_URL": served, "PIOOY_API_KEY": "test-key-0123456789abcdef"}  # fmt: skip
    command = [*PIOOY, "generate", "image", "-m", "m", "-n", "2", "-o", str(place / "out"), "a fox, a very long prompt " * 8]  # fmt: skip
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return place


@pytest.fixture
def history(past, sandbox, home):
    """The state directory of this test, with that past."""
    shutil.copytree(past / "state", home.parent / "state")
    return [json.loads(line)["id"] for line in shell("piooy history --json").stdout.splitlines()]


def looked_at(*arguments, **environ):
    """All that a terminal got, as text, and the exit code."""
    screen = Terminal(*arguments, **environ)
    code = screen.end()
    return screen.bytes.decode(), code


def test_n01_results_on_stdout_and_the_rest_on_stderr(sandbox, home):
    """One path; progress goes elsewhere."""
    ran = shell("piooy generate image -m m 'a fox'")

    assert ran.stdout.count("\n") == 1 and (home / ran.stdout.strip()).is_file()
    assert "submitted" in ran.stderr


def test_n02_one_item_a_line_for_the_next_command(sandbox):
    """An id goes from one command to the next."""
    assert shell("piooy generate image -m m --no-wait x | piooy wait - | wc -l").stdout.strip() == "1"  # fmt: skip


def test_n03_an_empty_list_is_a_success(history):
    """Exit 0, nothing printed."""
    ran = shell("piooy history --status nosuch")

    assert (ran.returncode, ran.stdout) == (0, "")


def test_n04_usage_is_2():
    """And stdout stays empty."""
    ran = shell("piooy history --bad")

    assert (ran.returncode, ran.stdout) == (2, "")


def test_n05_credentials_are_4():
    """No key anywhere."""
    assert shell("piooy task 0").returncode == 4


def test_n08_a_failure_of_many_names_exactly_the_failed_one(history):
    """Two of three go through; the third is named once, on stderr."""
    ran = shell(f"piooy task {history[0]} nosuchtask {history[1]}")

    assert ran.returncode == 14 or ran.returncode == 6
    assert len(ran.stdout.splitlines()) == 2
    assert len(re.findall(r"\bnosuchtask\b", ran.stderr.splitlines()[0])) == 1


def test_n12_a_closed_pipe_is_quiet(history):
    """No traceback, no message."""
    ran = shell("piooy history | head -0; echo ${PIPESTATUS[0]}")

    assert ran.stdout.strip() in ("0", "141") and ran.stderr == ""


@pytest.mark.parametrize("line", ["piooy history", "piooy --version", "piooy -h", "piooy task --json @last", "piooy man", "piooy completion bash", "piooy config list"])  # fmt: skip
def test_n13_a_full_disk_under_stdout_is_told(history, line):
    """Exit 13, one sentence."""
    ran = shell(f"{line} > /dev/full")

    assert ran.returncode == 13 and "No space left" in ran.stderr and "Traceback" not in ran.stderr


def test_n14_no_traceback_but_with_debug_and_never_the_key(sandbox):
    """`--debug` shows where; the key stays hidden."""
    line = "piooy task x --base-url http://127.0.0.1:9"
    plain, debug = shell(line), shell(f"{line} --debug")

    assert plain.returncode == debug.returncode == 10
    assert "Traceback" not in plain.stderr and "Traceback" in debug.stderr
    assert os.environ["PIOOY_API_KEY"] not in debug.stderr


def test_n16_alone_it_gives_an_example_within_25_lines():
    """The first thing that a newcomer sees."""
    assert "piooy --sandbox generate image" in shell("piooy | head -25").stdout


def test_n17_help_leads_with_examples_and_ends_with_links():
    """At least two of the command's own."""
    assert shell("piooy generate -h | grep -c 'piooy generate'").stdout.strip() >= "2"
    assert "https://" in shell("piooy -h | tail -3").stdout


def test_n18_version_is_the_first_line():
    """Name and number."""
    assert shell("piooy --version | head -1 | grep -Ex 'piooy [0-9.]+.*'").returncode == 0


def test_n20_standard_names_mean_what_they_mean():
    """--output, --quiet, --yes, --json, --no-input, --debug and --version are what they are elsewhere."""
    text = shell("piooy -h; piooy generate -h").stdout

    assert all(name in text for name in ("-o, --output", "-q, --quiet", "--json", "--no-input", "--debug", "--version", "--dry-run", "-y, --yes"))  # fmt: skip


def test_n21_global_options_before_and_after(history):
    """The same answer."""
    ran = shell("diff <(piooy --json history) <(piooy history --json) && echo same")

    assert ran.stdout == "same\n"


def test_n22_two_dashes_end_options():
    """A prompt may begin with a dash."""
    ran = shell('piooy generate image -m m --dry-run --json -- "-5 degrees"')

    assert json.loads(ran.stdout)["prompt"] == "-5 degrees"


def test_n23_a_dash_is_stdin_and_stdout(history, home):
    """A prompt comes in, a picture goes out."""
    ran = shell("echo 'a cat' | piooy generate image -m m - --dry-run")
    shell(f"piooy download {history[0]} -o - > picture")

    assert json.loads(ran.stdout)["prompt"] == "a cat"
    assert (home / "picture").read_bytes().startswith(b"\x89PNG")


def test_n24_a_typed_stdin_gives_a_hint(api):
    """At once, not a silent wait."""
    screen = Terminal("wait", "-")

    assert screen.end() == 2
    assert "one per line on stdin" in " ".join(screen.text.split())


@pytest.mark.parametrize("line", ["piooy history prune --before 1s", "piooy generate image -m m -n 11 x", "piooy history prune --before 1s --no-input"])  # fmt: skip
def test_n26_what_costs_or_destroys_is_refused_off_a_terminal(sandbox, line):
    """With the option that says that it is meant; no hang."""
    ran = shell(f"{line} </dev/null")

    assert ran.returncode == 2 and "--yes" in ran.stderr


def test_n27_a_dry_run_sends_nothing(api):
    """It shows the request."""
    assert shell("piooy generate image -m m --dry-run x").returncode == 0
    assert len(api.log) == 0


def test_n28_nothing_is_overwritten_silently(history, home):
    """Another file of the same name gets another name; the same file is left."""
    for _ in (1, 2):
        assert shell(f"piooy download {history[0]} -o out/").returncode == 0
    (saved,) = (home / "out").iterdir()
    saved.write_bytes(b"mine")
    ran = shell(f"piooy download {history[0]} -o out/")

    assert saved.read_bytes() == b"mine" and ran.stdout.strip() != f"out/{saved.name}"
    assert len([path for path in (home / "out").iterdir() if path.name.startswith(".")]) == 0


def test_n29_errors_have_no_boxes():
    """Option, value and what is accepted, in one line."""
    ran = shell("piooy history --limit x 2>&1 | cat")

    assert not set("╭│╰") & set(ran.stdout)
    assert "--limit" in ran.stdout.splitlines()[0] and "'x'" in ran.stdout.splitlines()[0]


def test_n30_nobody_is_told_of_the_use(api):
    """One request to the API, and none elsewhere."""
    expect_look(api, task("PROCESSING"))
    shell(f"piooy task {TASK}")

    assert [request.path for request, _ in api.log] == [f"/api/v1/task/{TASK}"]


def test_n32_a_stream_is_an_object_a_line(history):
    """Each can be read by itself."""
    ran = shell(f"piooy wait {' '.join(history)} --json")

    assert {json.loads(line)["id"] for line in ran.stdout.splitlines()} == {*history}


def test_n33_jq_without_jq(history):
    """Strings come out raw; a bad expression is exit 2 with the reason."""
    ran = shell("PATH=/nonexistent; piooy history --jq .id")

    assert ran.stdout.splitlines() == history
    bad = shell("piooy history --jq '.['")
    assert bad.returncode == 2 and "syntax error" in bad.stderr


def test_n34_fields_are_chosen_and_known(history):
    """Tab-separated; an unknown one lists them."""
    assert shell("piooy history --fields id,status").stdout.splitlines() == [f"{task}\tSUCCESS" for task in history]  # fmt: skip
    bad = shell("piooy history --fields nope")
    assert bad.returncode == 2 and "known: id,status,media_type" in bad.stderr


def test_n36_a_piped_table_is_plain(history):
    """One record a line, as many fields in each, nothing cut off."""
    ran = shell("piooy history | awk -F'\\t' '{print NF}' | sort -u | wc -l")

    assert ran.stdout.strip() == "1"
    assert "a very long prompt" in shell("COLUMNS=40 piooy history --fields prompt").stdout
    assert ESC not in shell("piooy history").stdout


def test_n37_json_is_utf8_whatever_the_locale(sandbox):
    """Letters as they are."""
    ran = shell("LC_ALL=C piooy generate image -m m --dry-run 'ein Fuchs über Schnee 狐'")

    assert "über Schnee 狐" in ran.stdout


def test_n38_colour_is_decided_for_each_stream(sandbox, home):
    """stdout into a file, stderr on the terminal."""
    screen = Terminal("task", "nosuchtask", "--base-url", "http://127.0.0.1:9", stdout=str(home / "out"))  # fmt: skip
    screen.end()

    assert f"{ESC}[31m" in screen.bytes.decode() and ESC not in (home / "out").read_text()


@pytest.mark.parametrize(
    ("environ", "colored"),
    [
        ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({}, True), ({"CLICOLOR": "0"}, False), ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False), ({"PIOOY_NO_COLOR": "1"}, False),
    ],
    ids=str,
)  # fmt: skip
def test_n39_no_color_on_a_terminal(history, environ, colored):
    """Set and not empty: none."""
    assert (f"{ESC}[3" in looked_at("history", **environ)[0]) is colored


@pytest.mark.parametrize(
    ("words", "colored"),
    [("FORCE_COLOR=1", True), ("CLICOLOR_FORCE=1", True), ("CLICOLOR_FORCE=0", False), ("NO_COLOR=1 FORCE_COLOR=1", False), ("", False)],
)  # fmt: skip
def test_n40_n41_n42_colour_into_a_pipe_only_where_forced(history, words, colored):
    """NO_COLOR wins; the id stays plain, since the next command takes it."""
    ran = shell(f"{words} piooy history")

    assert (f"{ESC}[32mSUCCESS" in ran.stdout) is colored
    assert ran.stdout.splitlines()[0].startswith(history[0])


@pytest.mark.parametrize("option", ["--color=always", "--color always"])
def test_n43_the_option_is_stronger_than_any_variable(history, option):
    """In both spellings."""
    assert ESC in shell(f"NO_COLOR=1 piooy history {option}").stdout
    assert ESC not in shell("FORCE_COLOR=1 piooy history --color never").stdout


@pytest.mark.parametrize("term", ["dumb", ""])
def test_n44_a_dumb_terminal_gets_no_escape(history, term):
    """No colour, no cursor movement, no link."""
    for words in (["history"], ["wait", history[0]], ["download", history[0]]):
        assert ESC not in looked_at(*words, TERM=term)[0]


def test_n45_without_a_terminal_there_are_lines(sandbox):
    """At least two, without escape or carriage return."""
    ran = shell("piooy generate image -m m x")

    assert len(ran.stderr.splitlines()) >= 2 and not {"\r", ESC} & set(ran.stderr)


def test_n48_the_width_is_that_of_the_window(history, monkeypatch):
    """COLUMNS counts; help is readable at 40."""
    ran = shell("COLUMNS=40 piooy -h | awk 'length>40'")

    assert ran.stdout == ""
    text, _ = looked_at("history", columns=50)
    assert max(len(re.sub(r"\x1b\][^\x1b]*\x1b\\|\x1b\[[0-9;]*m", "", line)) for line in text.splitlines()) <= 50  # fmt: skip


def test_n50_links_lead_to_files_on_this_host(history, past):
    """On a terminal, from the id; none in a pipe, where they are not wished, or on a dumb one."""
    text, _ = looked_at("history")

    assert f"{ESC}]8;;file://{socket.gethostname()}{past / 'out'}/" in text
    assert f"{ESC}\\{history[0][:8]}{ESC}]8;;{ESC}\\" in text
    assert f"{ESC}]8" not in shell("piooy history").stdout
    for words, environ in ((["--hyperlinks=never"], {}), ([], {"NO_HYPERLINKS": "1"}), ([], {"TERM": "linux"})):  # fmt: skip
        assert f"{ESC}]8" not in looked_at("history", *words, **environ)[0]


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({"TERM": "xterm-kitty"}, "{e}]99;;piooy: done: a {e}x; b{e}\\"),
        ({"TERM_PROGRAM": "ghostty"}, "{e}]777;notify;piooy;done: a"),
        ({"TERM": "foot"}, "{e}]777;notify;piooy;done: a"),
        ({"TERM_PROGRAM": "iTerm.app"}, "{e}]9;piooy: done: a"),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/tmux"}, "{e}Ptmux;{e}{e}]9;piooy: done: a"),
        ({}, "\a"),
    ],
    ids=str,
)
def test_n52_a_notification_only_where_it_is_asked_for(api, environ, wanted):
    """As each terminal takes it; what a prompt holds cannot end the sequence."""
    expect_look(api, task(result={"url": "http://127.0.0.1/x.png"}, prompt="a \x1bx; b"))
    clean = {"TERM_PROGRAM": "", "TMUX": "", "LC_TERMINAL": ""} | environ
    text, code = looked_at("wait", TASK, "--notify", **clean)
    quiet, _ = looked_at("wait", TASK, **clean)

    assert code == 0, text
    assert wanted.format(e=ESC).replace(f"{ESC}x; b", "\\x1bx, b") in text
    assert wanted.format(e=ESC)[:8] not in quiet
    assert ESC not in looked_at("wait", TASK, "--notify", **clean | {"TERM": "dumb"})[0]


def test_n53_text_from_outside_stays_text(api):
    """Neither an escape sequence nor markup."""
    expect_look(api, task("FAILED", errorMessage="[red]\x1b]0;x\a"))
    text, code = looked_at("task", TASK, TERM="xterm")

    assert f"{ESC}]0" not in text and code == 0


@pytest.mark.parametrize("line", ["piooy -h", "piooy --version", "piooy completion zsh", "piooy __complete refs", "piooy man", "piooy models", "piooy history", "piooy history --bad", "piooy generate image", "piooy generate image -m m --dry-run x", "piooy config list", "piooy task x"])  # fmt: skip
def test_n56_nothing_is_written_where_nothing_is_asked_for(home, line):
    """No file, no directory."""
    before = sorted(home.parent.rglob("*"))

    shell(line)

    assert sorted(home.parent.rglob("*")) == before


@pytest.mark.parametrize("environ", ["-u HOME", "HOME=/proc", "HOME=/nonexistent"])
@pytest.mark.parametrize("words", ["history", "models", "config list", "history stats", "--version"])  # fmt: skip
def test_n57_a_home_that_is_none_breaks_no_reading(environ, words):
    """Exit 0."""
    command = f"env -u PIOOY_STATE_DIR -u PIOOY_CONFIG_DIR {environ} {sys.executable} -m piooy_cli {words}"  # fmt: skip

    assert shell(command).returncode == 0


def test_n55_files_are_private_and_where_the_platform_has_them(home, sandbox):
    """Directories 0700, the ledger and the key file 0600, under XDG's places."""
    script = """unset PIOOY_STATE_DIR PIOOY_CONFIG_DIR
        export XDG_STATE_HOME=$HOME/s XDG_CONFIG_HOME=$HOME/c; umask 022
        piooy generate image -m m --no-wait x; echo a-key-0123456789 | piooy config set-key --store file"""  # fmt: skip
    assert shell(script).returncode == 0

    made = [home.parent / name for name in ("s/piooy", "c/piooy", "s/piooy/ledger.sqlite3", "c/piooy/keys.json")]  # fmt: skip
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700, 0o700, 0o600, 0o600]


def test_n58_each_level_wins_over_the_one_below(home):
    """Option, variable, profile, file; `--show-origin` says which."""
    shell("piooy config set output file; piooy config set --profile p output profile")
    origin = "piooy config list --show-origin --json | grep output"

    assert '"value":"file"' in shell(origin).stdout
    assert '"value":"profile"' in shell(f"PIOOY_PROFILE=p; export PIOOY_PROFILE; {origin}").stdout
    won = shell(f"export PIOOY_PROFILE=p PIOOY_OUTPUT=variable; {origin}").stdout
    assert '"value":"variable"' in won and '"origin":"PIOOY_OUTPUT"' in won


def test_n59_comments_stay_and_unknown_keys_are_told_with_their_line(home):
    """The file is the user's."""
    config = home.parent / "config"
    config.mkdir()
    (config / "config.toml").write_text("# mine\n\ncolour = 1\n[profiles.p]\nspeed = 2\n")
    ran = shell("piooy config set output x; cat $PIOOY_CONFIG_DIR/config.toml")

    assert "# mine" in ran.stdout
    warned = shell("piooy config list").stderr
    assert (
        "line 4: ignoring unknown key 'colour'" in warned
        or "line 3: ignoring unknown key 'colour'" in warned
    )
    assert "ignoring unknown key 'profiles.p.speed'" in warned


def test_n61_the_key_is_never_an_argument_and_never_shown(home):
    """Neither in a process list nor in any output."""
    ran = shell("piooy config set-key sk-0123456789; piooy --help; piooy config set-key -h")

    assert "sk-0123456789" not in ran.stdout + ran.stderr and "--key" not in ran.stdout


def test_n62_no_keyring_is_no_delay():
    """Exit 4 at once; with the variable the keyring is not even imported."""
    ran = shell(f"unset DISPLAY DBUS_SESSION_BUS_ADDRESS PYTHON_KEYRING_BACKEND; timeout 10 {PROGRAM} task x")  # fmt: skip
    code = f"PIOOY_API_KEY=k-0123456789 {sys.executable} -X importtime -m piooy_cli task x --base-url http://127.0.0.1:9"  # fmt: skip

    assert ran.returncode == 4
    assert not re.search(r" keyring\b", shell(code).stderr)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("ALL_PROXY", "socks://127.0.0.1:1"), ("HTTPS_PROXY", "socks5://127.0.0.1:1"), ("NO_PROXY", "[::1]"), ("SSL_CERT_FILE", "/nonexistent")],
)  # fmt: skip
def test_n63_a_variable_that_cannot_be_used_is_named(variable, value):
    """Exit 2, one sentence, no traceback."""
    more = "HTTPS_PROXY=http://127.0.0.1:9" if variable == "NO_PROXY" else ""
    ran = shell(f"PIOOY_API_KEY=k-0123456789 {more} {variable}={value!r} piooy task x --base-url https://127.0.0.1:9")  # fmt: skip

    assert ran.returncode in (2, 10) and "Traceback" not in ran.stderr
    if ran.returncode == 2:
        assert variable in ran.stderr.splitlines()[0]


def test_n65_cron(sandbox, home):
    """A minimal environment and `sh`: silent on success, one message and the code on failure."""
    words = f"{sys.executable} -m piooy_cli"
    keep = f"PIOOY_API_KEY={os.environ['PIOOY_API_KEY']} PIOOY_STATE_DIR={home}/s PIOOY_CONFIG_DIR={home}/c"  # fmt: skip
    line = "generate image --quiet -m m -o out/ weather >/dev/null"
    good = subprocess.run(["/bin/sh", "-c", f"env -i HOME={home} PATH=/usr/bin:/bin {keep} PIOOY_BASE_URL={sandbox} sh -c '{words} {line}' </dev/null"], capture_output=True, text=True, check=False)  # fmt: skip
    bad = subprocess.run(["/bin/sh", "-c", f"env -i HOME={home} PATH=/usr/bin:/bin {keep} PIOOY_BASE_URL=http://127.0.0.1:9 sh -c '{words} {line}' </dev/null"], capture_output=True, text=True, check=False)  # fmt: skip

    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    assert (bad.returncode, bad.stdout) == (10, "") and bad.stderr.count("piooy: error:") == 1


def test_n67_another_locale_changes_no_byte(history):
    """Numbers and dates for programs are the same everywhere."""
    assert shell("LC_ALL=de_DE.UTF-8 piooy history --json").stdout == shell("LC_ALL=C piooy history --json").stdout  # fmt: skip


HIDDEN = "fcntl", "termios", "pty", "resource", "grp", "pwd", "tty"


def test_n68_nothing_at_the_top_needs_posix():
    """Every module is imported where those of POSIX are not there, as on Windows."""
    code = f"""
import sys, pathlib, importlib
sys.modules.update(dict.fromkeys({HIDDEN!r}))
for path in pathlib.Path({str(ROOT)!r}, "piooy_cli").rglob("*.py"):
    if path.name != "__main__.py" and "sandbox" not in path.parts:
        name = ".".join(path.relative_to({str(ROOT)!r}).with_suffix("").parts).removesuffix(".__init__")
        importlib.import_module(name)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr


def test_n68_the_commands_run_without_posix(sandbox):
    """A task is sent, awaited and saved where there are no POSIX modules and no SIGHUP."""
    code = f"""
import sys, signal
sys.modules.update(dict.fromkeys({HIDDEN!r}))
for name in ("SIGHUP", "SIGPIPE", "SIGTSTP", "SIGCONT", "SIGWINCH"):
    if hasattr(signal, name): delattr(signal, name)
from piooy_cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    ran = subprocess.run([sys.executable, "-c", code, "generate", "image", "-m", "m", "a fox"], capture_output=True, text=True, check=False)  # fmt: skip

    assert (ran.returncode, Path(ran.stdout.strip()).suffix) == (0, ".png"), ran.stderr


def test_n68_an_old_code_page_is_no_crash(history):
    """cp1252 on both streams: results are UTF-8 as ever, the rest is readable."""
    ran = shell(f"PYTHONIOENCODING=cp1252 piooy task {history[0]} --json; PYTHONIOENCODING=cp1252 piooy generate image -m m --dry-run '狐 ✓'")  # fmt: skip

    assert ran.returncode == 0 and "狐 ✓" in ran.stdout
    assert looked_at("history", PYTHONIOENCODING="cp1252")[1] == 0


def test_p7_a_tab_asks_nobody_and_waits_for_nobody(history, home):
    """Offline, silent, also while another process writes the ledger."""
    connection = sqlite3.connect(home.parent / "state" / "ledger.sqlite3", isolation_level=None)
    connection.execute("begin immediate")
    ran = shell(f"PIOOY_BASE_URL=$PIOOY_BASE_URL timeout 3 {PROGRAM} __complete refs ''")
    connection.close()

    assert ran.stderr == "" and history[0] in ran.stdout


@pytest.mark.parametrize("module", ["httpx", "keyring", "pydantic", "asyncio", "rich"])
def test_p10_help_imports_nothing_heavy(module):
    """As `-X importtime` tells."""
    ran = subprocess.run([sys.executable, "-X", "importtime", "-m", "piooy_cli", "--help"], capture_output=True, text=True, check=True)  # fmt: skip

    assert not re.search(rf"\| +{module}$", ran.stderr, re.M)


def test_n09_n10_n11_signals_are_told_and_obeyed(api):
    """Ctrl-C: 130 and how to continue; SIGTERM and SIGHUP: 143 and 129; each within a second."""
    expect_look(api, task("PROCESSING"))
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        process = start("wait", TASK)
        assert process.stderr.readline()
        process.send_signal(number)
        _, err = process.communicate(timeout=5)
        assert process.returncode == code and f"piooy wait {TASK}" in err
