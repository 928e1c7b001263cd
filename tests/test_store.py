"""`piooy store`: each saved file once more, under its digest, as a link that takes no room."""

import hashlib
from pathlib import Path

import pytest

PICTURE = ("generate", "image", "-m", "nano-banana-pro")


@pytest.fixture
def objects(piooy, sandbox, home):
    """What is in the store."""
    piooy("config", "set", "store", str(home / "store"))
    return lambda: [path for path in (home / "store").rglob("*") if path.is_file()]


def test_saved_files_are_linked_under_their_digests(piooy, objects, home):
    """The same bytes under both names, once on the disk; each file once."""
    piooy(*PICTURE, "-o", "fox.png", "a fox")
    piooy("download", "@last", "-o", "again/")

    (kept,) = objects()
    assert kept.name == hashlib.sha256((home / "fox.png").read_bytes()).hexdigest() + ".png"
    assert kept.samefile(home / "fox.png")


def test_what_nothing_refers_to_is_collected(piooy, objects, home):
    """Only then, and not by the dry run; other files of the directory stay."""
    piooy(*PICTURE, "-o", "fox.png", "a fox")
    piooy(*PICTURE, "-o", "hare.png", "a hare")
    (home / "fox.png").unlink()
    (home / "store" / "objects" / "aa").mkdir()
    (home / "store" / "objects" / "aa" / "mine").write_text("mine")

    dry = piooy("store", "gc", "--dry-run")
    assert dry.code == 0 and len(dry.lines) == 1 and len(objects()) == 3
    assert Path(piooy("store", "gc", "--json").json[0]["path"]).suffix == ".png"
    assert sorted(path.name == "mine" for path in objects()) == [False, True]
    assert (home / "hare.png").is_file() and piooy("store", "gc").lines == []


def test_without_a_store(piooy):
    """Exit 2 with the setting."""
    ran = piooy("store", "gc")

    assert ran.code == 2 and "config set store" in ran.err


def test_a_store_that_cannot_be_written_costs_no_picture(piooy, sandbox, home):
    """A notice, and the file is saved."""
    (home / "store").write_text("a file")
    piooy("config", "set", "store", str(home / "store"))

    ran = piooy(*PICTURE, "-o", "fox.png", "a fox")

    assert (ran.code, ran.lines) == (0, ["fox.png"]) and "is not in the store" in ran.err
