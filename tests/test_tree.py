"""`piooy tree`: what a task was made from, and what was made from it."""

import pytest

PICTURE = ("generate", "image", "-m", "nano-banana-pro", "--no-wait")
VIDEO = ("generate", "video", "-m", "veo-3-1", "--no-wait")


@pytest.fixture
def family(piooy, sandbox):
    """A picture, a video and a second picture from it, and a video from both pictures."""
    hero = piooy(*PICTURE, "hero").out.strip()
    clip = piooy(*VIDEO, "-i", hero, "clip").out.strip()
    other = piooy(*PICTURE, "-i", hero, "other").out.strip()
    both = piooy(*VIDEO, "-i", hero, "-i", other, "both").out.strip()
    return hero, clip, other, both


@pytest.mark.parametrize("member", range(4))
def test_every_member_shows_the_whole_family(piooy, family, member):
    """From the first ancestor down; one that was drawn already is not drawn again below."""
    hero, clip, other, both = family

    lines = piooy("tree", family[member]).lines

    drawn = [hero, f"├─ {clip}", f"├─ {other}", f"│  └─ {both}", f"└─ {both}"]
    assert [line.partition("  image")[0].partition("  video")[0] for line in lines] == drawn
    assert lines[-1].endswith("(above)") and "hero" in lines[0]


def test_records_have_the_inputs(piooy, family):
    """For programs, one object for each line."""
    hero, clip, other, both = family

    records = piooy("tree", "@last", "--json").json

    assert [(one["id"], one["depth"]) for one in records] == [(hero, 0), (clip, 1), (other, 1), (both, 2), (both, 1)]  # fmt: skip
    assert [one["task"] for one in records[3]["inputs"]] == [hero, other]


def test_a_task_without_relatives_is_alone(piooy, sandbox):
    """One line."""
    picture = piooy(*PICTURE, "fox").out.strip()

    assert [line.split("  ")[0] for line in piooy("tree", "@last").lines] == [picture]


def test_an_unknown_reference(piooy, sandbox):
    """Exit 14."""
    assert piooy("tree", "nosuchtask").code == 14
