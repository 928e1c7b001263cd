"""`piooy where`: which task a file is of, and where the files of a task are."""

import hashlib

import pytest

PICTURE = ("generate", "image", "-m", "nano-banana-pro")


@pytest.fixture
def fox(piooy, sandbox, home):
    """The id of a task, and its file."""
    record = piooy(*PICTURE, "-o", "fox.png", "--json", "a fox").json[0]
    return record["id"], home / "fox.png"


def test_by_task_by_file_and_by_digest(piooy, fox):
    """The same answer: path, state and task."""
    task_id, path = fox
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    for ref in ("@last", task_id, "fox.png", digest, digest[:8], digest[:12].upper()):
        ran = piooy("where", ref)
        assert (ran.code, ran.lines) == (0, [f"{path}\there\t{task_id}#1"]), ref
    assert piooy("where", "@last", "--json").json == [
        {"path": str(path), "state": "here", "id": task_id, "n": 1, "saved_as": str(path), "sha256": digest}
    ]  # fmt: skip


def test_a_file_that_was_moved(piooy, fox, home):
    """Named by its new path; found below a directory by its bytes."""
    task_id, path = fox
    (home / "far" / "away").mkdir(parents=True)
    (home / "far" / "fox.png").write_bytes(b"another")
    moved = path.rename(home / "far" / "away" / "x")

    assert piooy("where", "far/away/x").lines == [f"{moved}\tmoved\t{task_id}#1"]
    assert piooy("where", "@last", "--under", "far").lines == [f"{moved}\tmoved\t{task_id}#1"]
    lost = piooy("where", "@last")
    assert (lost.code, lost.lines) == (
        12,
        [f"{path}\tmissing\t{task_id}#1"],
    ) and "--under" in lost.err


def test_a_file_that_was_changed(piooy, fox):
    """Exit 12."""
    task_id, path = fox
    path.write_bytes(path.read_bytes() + b"x")

    ran = piooy("where", "@last")
    assert (ran.code, ran.lines) == (12, [f"{path}\tchanged\t{task_id}#1"])


def test_what_nobody_knows(piooy, fox, home):
    """Exit 14."""
    (home / "other").write_text("hello")

    for ref in ("other", "nosuchtask", "0" * 64):
        assert piooy("where", ref).code == 14, ref


def test_history_check_follows_moved_files(piooy, fox, home):
    """The history knows the new place from then on; others stay missing."""
    _, path = fox
    piooy(*PICTURE, "-o", "hare.png", "a hare")
    (home / "hare.png").unlink()
    (home / "far").mkdir()
    moved = path.rename(home / "far" / "x")

    ran = piooy("history", "check", "--under", "far", "--under", "nosuch")

    assert (
        ran.code == 12 and f"{path} is {moved} now" in ran.err and "hare.png is missing" in ran.out
    )
    assert len(ran.lines) == 1 and piooy("where", "@2").lines[0].startswith(f"{moved}\there")
    assert piooy("download", "@2").lines and piooy("where", "@2").code == 0
