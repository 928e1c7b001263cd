"""Files of this machine: whose are believed, how they are written, and what is left as it is."""

import json
import os
import re
import shlex
import stat
import subprocess
from pathlib import Path

import pytest
from processes import PIOOY
from servers import TASK, expect_look, task

from piooy_cli.domain.errors import UsageError
from piooy_cli.files.writing import open_append, private_directory, replacing

ROOT = Path(__file__).parent.parent
NOBODY = 65534
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="modes and owners of POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)
MODEL = ("-m", "nano-banana-pro")


def mode(path):
    """Its permissions."""
    return stat.S_IMODE(path.lstat().st_mode)


@posix
def test_what_piooy_makes_is_for_its_user_even_without_a_umask(home, sandbox):
    """With umask 000 and a fresh home: each directory 0700, each file of ours 0600."""
    fresh = home / "fresh"
    fresh.mkdir(mode=0o755)
    environ = {name: text for name, text in os.environ.items() if name not in ("PIOOY_CONFIG_DIR", "PIOOY_STATE_DIR")}  # fmt: skip
    environ |= {"HOME": str(fresh), "PIOOY_API_KEY": "test-key-0123456789abcdef"}
    program = shlex.join(PIOOY)
    script = f"""umask 000; {program} config set output x && {program} generate image -m nano-banana-pro --no-wait fox
        echo a fox | {program} batch - -m nano-banana-pro -o out --name b"""
    subprocess.run(["bash", "-ec", script], env=environ, cwd=home, check=True, capture_output=True)

    made = [path for path in fresh.rglob("*") if "__pycache__" not in str(path)]
    assert {mode(path) for path in made if path.is_dir()} == {0o700}
    assert {mode(path) for path in made if path.is_file()} == {0o600}
    assert {"config.toml", "ledger.sqlite3", "b.sqlite3"} <= {path.name for path in made}
    assert mode(home / "out" / "results.jsonl") == 0o600  # it contains prompts


def ready(piooy, home):
    """Everything that a run believes, where it stands."""
    (home / "rows.jsonl").write_text('{"id": "a", "model": "nano-banana-pro", "prompt": "fox"}\n')
    (home / "key").write_text("test-key-0123456789abcdef\n")
    (home / "key").chmod(0o600)
    assert piooy("config", "set", "output", "out").code == 0
    assert piooy("config", "set-key", "--store", "file", stdin="test-key-0123456789abcdef").code == 0  # fmt: skip
    assert piooy("batch", "rows.jsonl", "--name", "b").code == 0
    with (home / "rows.jsonl").open("a") as file:
        file.write(
            '{"id": "b", "model": "nano-banana-pro", "prompt": "hare"}\n'
        )  # still to be sent
    state, config = home.parent / "state", home.parent / "config"
    return {
        "config": config / "config.toml", "keys": config / "keys.json", "key file": home / "key",
        "ledger": state / "ledger.sqlite3", "rows": next((state / "batches").rglob("*.sqlite3")),
        "note": next((state / "batches").rglob("*.sent")),
    }  # fmt: skip


BELIEVED = ["config", "keys", "key file", "ledger", "rows", "note"]


@posix
@pytest.mark.parametrize("where", ["file", "directory"])
@pytest.mark.parametrize("what", BELIEVED)
def test_files_that_others_can_change_are_not_believed(
    piooy, serve, home, monkeypatch, what, where
):
    """Exit 2 with the `chmod` that mends it, and nothing is sent; mended, it goes on."""
    serve("--log", "log", "--state", "sandbox")
    path = ready(piooy, home)[what]
    monkeypatch.delenv("PIOOY_API_KEY", raising=False)
    if what == "key file":
        monkeypatch.setenv("PIOOY_API_KEY_FILE", str(path))
    changed, wrong = (path, 0o666) if where == "file" else (path.parent, 0o777)
    changed.chmod(wrong)
    before = (home / "log").read_bytes()

    ran = piooy("batch", "rows.jsonl", "--name", "b")

    assert (ran.code, (home / "log").read_bytes()) == (2, before)
    assert "can be changed by other users" in ran.err
    subprocess.run(re.search(r"`(chmod .*)`", ran.err)[1], shell=True, check=True)
    assert piooy("batch", "rows.jsonl", "--name", "b").code == 0


@as_root
@pytest.mark.parametrize("what", BELIEVED)
def test_files_of_another_user_are_not_believed(piooy, serve, home, monkeypatch, what):
    """Exit 2 with the `chown`, and nothing is sent."""
    serve("--log", "log", "--state", "sandbox")
    path = ready(piooy, home)[what]
    monkeypatch.delenv("PIOOY_API_KEY", raising=False)
    if what == "key file":
        monkeypatch.setenv("PIOOY_API_KEY_FILE", str(path))
    os.chown(path, NOBODY, NOBODY)
    before = (home / "log").read_bytes()

    ran = piooy("batch", "rows.jsonl", "--name", "b")

    assert (ran.code, (home / "log").read_bytes()) == (2, before)
    assert f"belongs to another user ({NOBODY})" in ran.err and "`chown 0 " in ran.err.replace("\n", " ")  # fmt: skip


@posix
def test_a_file_in_a_sticky_directory_is_as_safe_as_its_own_mode(piooy, sandbox, home, monkeypatch):
    """As in /tmp: others can add files there, and not replace this one."""
    place = home / "tmp"
    place.mkdir()
    place.chmod(0o1777)
    (place / "key").write_text("test-key-0123456789abcdef\n")
    (place / "key").chmod(0o600)
    monkeypatch.delenv("PIOOY_API_KEY", raising=False)
    monkeypatch.setenv("PIOOY_API_KEY_FILE", str(place / "key"))

    assert piooy("generate", "image", *MODEL, "--no-wait", "fox").code == 0


@posix
def test_config_check_warns_of_keys_that_others_can_read(piooy, sandbox, home, monkeypatch):
    """With the `chmod`; and of drafts with keys that killed runs have left."""
    monkeypatch.delenv("PIOOY_API_KEY", raising=False)
    assert piooy("config", "set-key", "--store", "file", stdin="test-key-0123456789abcdef").code == 0  # fmt: skip
    keys = home.parent / "config" / "keys.json"
    keys.chmod(0o644)
    readable = piooy("config", "check").out
    keys.chmod(0o600)
    keys.with_name(f".keys.json.{'0' * 16}.new").write_text("{}")
    stray = piooy("config", "check").out

    assert "which other users can read" in readable and f"chmod go-r {keys}" in readable
    assert "a copy of stored keys" in stray and f"rm {keys.parent}/.keys.json" in stray


@pytest.mark.parametrize("again", [("set-key", "--store", "file"), ("delete-key",)])
def test_drafts_of_stored_keys_are_removed(piooy, home, again):
    """Whichever version left them, when a key is stored or deleted; other files stay."""
    piooy("config", "set-key", "--store", "file", stdin="test-key-0123456789abcdef")
    place = home.parent / "config"
    drafts = [place / f".keys.json.{name}" for name in ("4711", "0" * 16 + ".new")]
    for path in [*drafts, place / ".keys.json.mine"]:
        path.write_text("another-key-0123456789")

    assert piooy("config", *again, stdin="test-key-0123456789abcdef").code == 0
    assert [path.name for path in place.glob(".keys.json.*") if path.suffix != ".lock"] == [".keys.json.mine"]  # fmt: skip


OTHERS = {
    "a note": b"buy milk",
    "a note with lines": b"buy milk\nand bread\n",
    "lines of another tool": b'{"id": 1}\n{"id": 2}',
    "ours, and then another's": b'{"batch":"x","row":"a"}\n{"id": 2}\n',
    "ours, and then a note": b'{"batch":"x","row":"a"}\nbuy milk',
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_a_results_file_with_other_lines_is_left_as_it_is(piooy, serve, home, content):
    """Exit 2, and nothing is sent."""
    serve("--log", "log", "--state", "sandbox")
    (home / "prompts.txt").write_text("a fox\n")
    (home / "notes").write_bytes(content)

    ran = piooy("batch", "prompts.txt", *MODEL, "--results", "notes")

    assert (ran.code, (home / "notes").read_bytes()) == (2, content)
    assert "nothing was sent" in ran.err and '"charge"' not in (home / "log").read_text()


def test_a_last_line_without_its_newline_is_kept(piooy, sandbox, home):
    """As some editors leave it: complete, so nothing of it is removed."""
    (home / "prompts.txt").write_text("a fox\n")
    (home / "results.jsonl").write_bytes(b'{"batch":"other","row":"x"}')

    assert piooy("batch", "prompts.txt", *MODEL).code == 0
    lines = (home / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines[1:]] == ["SUCCESS"] and '"other"' in lines[
        0
    ]


@pytest.mark.parametrize("option", ["--results", "--record"])
def test_lines_are_not_added_through_a_link(piooy, serve, home, option):
    """Exit 2; what the link leads to is left as it is, and nothing is sent."""
    serve("--log", "log", "--state", "sandbox")
    (home / "prompts.txt").write_text("a fox\n")
    (home / "keys").write_text("ssh-ed25519 …")
    (home / "link").symlink_to("keys")

    ran = piooy("batch", "prompts.txt", *MODEL, option, "link")

    assert (ran.code, (home / "keys").read_text()) == (2, "ssh-ed25519 …")
    assert "is a link" in ran.err and '"charge"' not in (home / "log").read_text()


@as_root
@pytest.mark.parametrize("option", ["--results", "--record"])
def test_lines_are_not_added_to_files_of_others(piooy, sandbox, home, option):
    """They would read every prompt."""
    (home / "prompts.txt").write_text("a fox\n")
    (home / "theirs").touch()
    os.chown(home / "theirs", NOBODY, NOBODY)
    (home / "theirs").chmod(0o666)

    ran = piooy("batch", "prompts.txt", *MODEL, option, "theirs")

    assert (ran.code, (home / "theirs").read_bytes()) == (2, b"")


@posix
def test_a_recording_to_a_pipe_without_a_reader_ends_at_once(piooy, sandbox, home):
    """Exit 13, nothing sent; it does not wait."""
    os.mkfifo(home / "pipe")

    assert piooy("generate", "image", *MODEL, "--record", "pipe", "--no-wait", "fox").code == 13


@pytest.mark.parametrize("option", ["--summary", "--metrics"])
def test_a_report_replaces_what_an_own_link_leads_to(piooy, sandbox, home, option):
    """A user's own link stays a link."""
    (home / "prompts.txt").write_text("a fox\n")
    (home / "report").symlink_to("behind")

    assert piooy("batch", "prompts.txt", *MODEL, option, "report").code == 0
    assert (home / "report").is_symlink() and (home / "behind").stat().st_size > 100


@as_root
def test_a_report_does_not_follow_a_link_of_another_user(piooy, sandbox, home):
    """What it leads to is left as it is."""
    (home / "prompts.txt").write_text("a fox\n")
    (home / "victim").write_text("mine")
    (home / "report").symlink_to("victim")
    os.lchown(home / "report", NOBODY, NOBODY)

    ran = piooy("batch", "prompts.txt", *MODEL, "--summary", "report")

    assert ran.code != 0 and (home / "victim").read_text() == "mine"


def test_names_of_drafts_cannot_be_guessed(tmp_path):
    """Nobody can plant a link there: two drafts of the same file differ by 16 digits."""
    seen = set()
    for _ in range(2):
        with replacing(tmp_path / "x"):
            seen |= {path.name for path in tmp_path.iterdir()}

    drafts = seen - {"x", "work"}
    assert len(drafts) == 2 and all(re.fullmatch(r"\.x\.[0-9a-f]{16}\.new", name) for name in drafts)  # fmt: skip


def test_a_draft_that_fails_leaves_the_old_file(tmp_path):
    """And no draft."""
    (tmp_path / "x").write_text("old")
    with pytest.raises(RuntimeError), replacing(tmp_path / "x") as file:
        file.write(b"new")
        raise RuntimeError

    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["x"]
    assert (tmp_path / "x").read_text() == "old"


@posix
def test_a_directory_that_is_exchanged_meanwhile_gets_nothing(tmp_path):
    """The file goes where its directory was opened."""
    (tmp_path / "a").mkdir()
    (tmp_path / "victim").mkdir()
    with replacing(tmp_path / "a" / "x") as file:
        (tmp_path / "a").rename(tmp_path / "b")
        (tmp_path / "a").symlink_to("victim")
        file.write(b"new")

    assert list((tmp_path / "victim").iterdir()) == []
    assert (tmp_path / "b" / "x").read_bytes() == b"new"


@posix
def test_each_missing_parent_is_private(tmp_path):
    """Not only the last one."""
    before = os.umask(0)
    try:
        private_directory(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)

    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


@posix
def test_lines_are_added_to_a_new_private_file(tmp_path):
    """And never to one that appears as a link between two looks."""
    os.close(open_append(tmp_path / "x"))
    (tmp_path / "y").symlink_to("x")

    assert mode(tmp_path / "x") == 0o600
    with pytest.raises(UsageError):
        open_append(tmp_path / "y")


@posix
def test_a_download_that_is_exchanged_is_not_taken_for_verified(piooy, raw, api, home):
    """Another file got the name of the part file: exit 13, and it is not published."""
    body = b"\x89PNG\r\n\x1a\n" + b"x" * 5000

    def behave(connection):
        connection.recv(65536)
        (part,) = home.glob(".piooy-*.part")
        (home / "evil").write_bytes(b"EVIL")
        (home / "evil").rename(part)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))  # fmt: skip

    server = raw(behave, is_api=False)
    expect_look(api, task("SUCCESS", {"results": [server.url + "/a.png"]}))

    ran = piooy("download", TASK)

    assert ran.code == 13 and "another process has replaced" in ran.err
    assert not [path for path in home.glob("*.png")]


def test_files_are_written_in_one_place():
    """By the functions of `files/`, which know links, owners and crashes."""
    writes = re.compile(
        r"\.write_(?:text|bytes)\(|\bopen\((?:[^()]*, *)?[\"'][wax]b?\+?[\"']|O_CREAT"
    )
    allowed = {
        "files",
        "part_file.py",
        "lock.py",
        "sent_mark.py",
        "store.py",
        "fault_middleware.py",
        "fixtures",
    }
    found = [
        path
        for path in (ROOT / "piooy_cli").rglob("*.py")
        if writes.search(path.read_text(encoding="utf-8"))
        and not {path.name, path.parent.name} & allowed
    ]

    assert found == []
