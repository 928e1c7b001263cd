"""Results as inputs: tasks, saved files and rows are named, and sent as addresses that work."""

import json
import shutil
import sqlite3
import urllib.request

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import TASK, accepted, expect_look, expect_order, orders, task

from piooy_cli.domain.inputs import ResultRef, numbered

PICTURE = ("generate", "image", "-m", "nano-banana-pro")
VIDEO = ("generate", "video", "-m", "veo-3-1")
OTHER = "9d7c1b2a-1111-4222-8333-444455556666"
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")


def sent_inputs(home, option="image_input"):
    """The inputs in the body that was sent last."""
    with sqlite3.connect(home.parent / "state" / "ledger.sqlite3") as ledger:
        ((body,),) = ledger.execute("select body from orders order by id desc limit 1")
    return json.loads(body)["options"][option]


def is_alive(url):
    """Whether the service could fetch it."""
    with urllib.request.urlopen(url) as response:
        return response.status == 200 and len(response.read()) > 100


@pytest.mark.parametrize("faults", [[], ["--faults", "expired-url@1"]], ids=["", "expired"])
def test_a_task_that_is_still_running_becomes_an_input(piooy, serve, home, faults):
    """It is waited for; the request has an address that works, even if the first one expired."""
    serve(*faults)
    picture = piooy(*PICTURE, "--no-wait", "fox").out.strip()

    ran = piooy(*VIDEO, "-i", picture, "it runs")

    assert (ran.code, len(ran.lines)) == (0, 1)
    (url,) = sent_inputs(home)
    assert picture in url and is_alive(url)


@pytest.mark.parametrize("where", ["fox.png", "renamed.bin", "far/away"])
def test_a_saved_file_is_an_input_under_any_name(piooy, sandbox, home, where):
    """It is known by its content."""
    (saved,) = piooy(*PICTURE, "-o", "fox.png", "fox").lines
    (home / "far").mkdir()
    (home / saved).rename(home / where)

    assert piooy(*VIDEO, "-i", where, "--no-wait", "it runs").code == 0
    assert is_alive(sent_inputs(home)[0])


def test_the_ways_to_name_a_result(piooy, sandbox, home):
    """@last, @2, the beginning of an id, the number of a file; a video with --video."""
    picture = piooy(*PICTURE, "--no-wait", "fox").out.strip()
    for ref in ("@last", "@2", picture[:8], f"{picture}#1", "@5#1"):
        assert piooy(*VIDEO, "-i", ref, "--no-wait", "it runs").code == 0
        assert picture in sent_inputs(home)[0]
    video = piooy(*VIDEO, "--no-download", "waves").out.strip()

    assert piooy(*VIDEO, "--video", video, "--no-wait", "more waves").code == 0
    assert video in sent_inputs(home, "video_input")[0]


def test_only_the_order_is_a_result(piooy, sandbox):
    """The task that is waited for is not printed once more."""
    picture = piooy(*PICTURE, "--no-wait", "fox").out.strip()

    ran = piooy(*VIDEO, "-i", picture, "--no-download", "it runs")

    assert len(ran.lines) == 1 and ran.lines != [picture]


def test_wrong_inputs_are_refused_before_anything_is_sent(piooy, sandbox, home):
    """Each in one sentence that names it, with exit code 2 or 14."""
    picture = piooy(*PICTURE, "-o", "fox.png", "fox").out.strip()
    (home / "notes.txt").write_text("hello")
    wrong = {
        ("-i", "@9"): 14, ("-i", "nosuch"): 14, ("-i", "nosuch.png"): 2, ("-i", "@last#2"): 14,
        ("-i", "notes.txt"): 2, ("--video", picture): 2, ("--video", "@last"): 2,
        ("-i", "@nosuch"): 2, ("-i", "@pending"): 2, ("-i", "{row:hero}"): 2,
        ("--last-frame", "fox.png"): 2, ("--last-frame", "nosuch.mp4"): 14,
    }  # fmt: skip
    before = piooy("history").lines

    for arguments, code in wrong.items():
        ran = piooy(*VIDEO, *arguments, "it runs")
        assert (ran.code, ran.out) == (code, ""), (arguments, ran.err)
        assert len(ran.err.splitlines()) <= 3
    assert piooy("history").lines == before
    assert piooy(*VIDEO, "--video", "fox.png", "--dry-run", "x").code == 2  # without asking anyone


def test_an_unknown_file_is_told_from_a_saved_one(piooy, sandbox, home):
    """The message names --inline, which sends the file itself."""
    (home / "fox.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))

    ran = piooy(*VIDEO, "-i", "fox.png", "it runs")

    assert ran.code == 2 and "was not saved by piooy" in ran.err and "--inline" in ran.err
    assert piooy(*VIDEO, "-i", "fox.png", "--inline", "--no-wait", "it runs").code == 0


def test_an_input_that_fails_leaves_the_order_unsent(piooy, api):
    """The failure of the input is told, and there is one order in the history: none."""
    expect_look(api, task("FAILED", failedMessage="no foxes"))

    ran = piooy("generate", "video", "-m", "m", "-i", TASK, "it runs")

    assert ran.code == 5 and TASK in ran.err
    assert orders(api) == []


def test_what_the_input_turns_out_to_be_is_checked(piooy, api):
    """A task of another machine, whose kind is known only when it has ended."""
    result = {"results": ["https://e.com/a.mp4"]}
    expect_look(api, task("SUCCESS", result, mediaType="video"))

    ran = piooy("generate", "video", "-m", "m", "-i", TASK, "it runs")

    assert ran.code == 2 and "no image" in ran.err and orders(api) == []


def test_addresses_are_renewed_once_for_many_orders(piooy, api):
    """`refresh=assets` comes before the order, and once."""
    expect_look(api, task("SUCCESS", {"results": ["https://e.com/a.png"]}, id=OTHER), task_id=OTHER)
    expect_order(api)

    assert piooy("generate", "video", "-m", "m", "-i", OTHER, "-n", "5", "--no-wait", "x").code == 0
    looks = [request.query_string for request, _ in api.log if request.method == "GET"]
    assert looks.count(b"refresh=assets") == 1
    assert [one["options"]["image_input"] for one in orders(api)] == [["https://e.com/a.png"]] * 5


def test_the_dry_run_shows_the_result_and_asks_nobody(piooy, api):
    """The address exists only when the order is sent."""
    ran = piooy("generate", "video", "-m", "m", "-i", f"{TASK}#2", "--dry-run", "x")

    assert ran.json[0]["options"]["image_input"] == [f"piooy:task/{TASK}#2"]
    assert api.log == []


def test_an_echoed_input_is_not_the_result(piooy, api, home):
    """What an order was made from is known, so it is never saved as its result."""
    picture, video = "https://e.com/a.png", "http://127.0.0.1/none.mp4"
    expect_look(api, task("SUCCESS", {"results": [picture]}))
    result = {"results": [video], "zebra": picture}
    expect_look(api, task("SUCCESS", result, id=OTHER, mediaType="video"), task_id=OTHER)
    expect_order(api, accepted(OTHER))

    piooy("generate", "video", "-m", "m", "-i", TASK, "--no-download", "x")

    assert [one["url"] for one in piooy("history", "--json").json[0]["assets"]] == [video]


@needs_ffmpeg
def test_the_last_frame_of_a_video_begins_the_next(piooy, sandbox, home):
    """As a picture inside the request; the parent is known."""
    video = piooy(*VIDEO, "-o", "clip.mp4", "--json", "waves").json[0]["id"]

    assert piooy(*VIDEO, "--last-frame", "clip.mp4", "--no-wait", "more").code == 0
    assert sent_inputs(home)[0].startswith("data:image/jpeg;base64,/9j/")
    assert piooy("history", "show", "@last").json[0]["inputs"] == [
        {"option": "image_input", "task": video, "n": 1}
    ]
    (home / "clip.mp4").rename(home / "moved.mp4")
    assert piooy(*VIDEO, "--last-frame", "moved.mp4", "--no-wait", "more").code == 0


def test_without_ffmpeg_the_last_frame_is_refused(piooy, sandbox, home, monkeypatch):
    """Exit 2 with its name, and nothing is sent."""
    piooy(*VIDEO, "-o", "clip.mp4", "waves")
    monkeypatch.setenv("PATH", str(home))

    ran = piooy(*VIDEO, "--last-frame", "clip.mp4", "--no-wait", "more")

    assert ran.code == 2 and "ffmpeg" in ran.err and len(piooy("history").lines) == 1


def rows(home, *lines):
    """A manifest of these rows."""
    kinds = {"image": "nano-banana-pro", "video": "veo-3-1"}
    text = "".join(json.dumps({"media": "image", "model": kinds[line.get("media", "image")], "prompt": line["id"]} | line) + "\n" for line in lines)  # fmt: skip
    (home / "rows.jsonl").write_text(text)


def test_rows_are_made_from_rows(piooy, sandbox, home):
    """In any order in the file; each waits for what it needs."""
    rows(
        home,
        {"id": "end", "media": "video", "videos": ["{row:clip}"], "images": ["{row:hero#1}"]},
        {"id": "clip", "media": "video", "images": ["{row:hero}"]},
        {"id": "hero"},
        {"id": "alone"},
    )

    ran = piooy("batch", "rows.jsonl", "-o", "out")

    assert (ran.code, len(ran.lines)) == (0, 4)
    done = {r["row"]: r for r in map(json.loads, (home / "out/results.jsonl").read_text().splitlines())}  # fmt: skip
    made = {name: done[name]["options"] for name in ("end", "clip")}
    assert done["hero"]["id"] in made["clip"]["image_input"][0]
    assert done["clip"]["id"] in made["end"]["video_input"][0]
    assert done["hero"]["id"] in made["end"]["image_input"][0]
    assert piooy("batch", "rows.jsonl", "-o", "out").lines == []


@pytest.mark.parametrize("again", [False, True])
def test_a_failed_row_leaves_its_children_unsent(piooy, serve, home, again):
    """Each is named, down to the grandchildren; what needs nothing is made. Also the next time."""
    serve("--faults", "task-fails@1", "--log", "log", "--state", "sandbox")
    rows(
        home,
        {"id": "hero"},
        {"id": "clip", "media": "video", "images": ["{row:hero}"]},
        {"id": "end", "media": "video", "videos": ["{row:clip}"]},
        {"id": "alone"},
    )
    ran = piooy("batch", "rows.jsonl", "-o", "out", "-j", "1")
    if again:
        ran = piooy("batch", "rows.jsonl", "-o", "out", "-j", "1")

    charges = [line for line in (home / "log").read_text().splitlines() if '"charge"' in line]
    assert (ran.code, len(charges)) == (6, 2)
    assert "line 2: not sent: it needs hero, which has no result" in ran.err
    assert "line 3: not sent: it needs clip, which has no result" in ran.err
    again = piooy("batch", "rows.jsonl", "-o", "out", "--only", "failed")
    assert piooy("batch", "rows.jsonl", "-o", "out").code == 0, again.err


def test_wrong_rows_are_refused_before_anything_is_sent(piooy, api, home):
    """A circle, no such row, another kind, a name that means another task tomorrow."""
    rows(
        home,
        {"id": "a", "images": ["{row:b}"]},
        {"id": "b", "images": ["{row:c}"]},
        {"id": "c", "images": ["{row:b}"]},
        {"id": "d", "images": ["{row:x}"]},
        {"id": "e", "media": "video", "videos": ["{row:b}"]},
        {"id": "f", "images": ["@last"]},
        {"id": "g", "images": ["{row:g}"]},
    )

    ran = piooy("batch", "rows.jsonl")

    assert (ran.code, api.log) == (2, [])
    for sentence in ("line 2: rows need each other: b needs c needs b", "line 4: there is no row 'x'", "line 5: 'b' makes image; video is needed", "line 6: --image @last is another task each time", "nothing was sent"):  # fmt: skip
        assert sentence in ran.err


@given(st.text(min_size=1), st.none() | st.integers(1, 10**6), st.booleans())
def test_references_are_read_as_they_were_written(key, n, frame):
    """Whatever the key of a row contains."""
    for ref in (ResultRef(row=key, n=n, last_frame=frame), ResultRef("task-1", "", n, frame)):
        assert ResultRef.of(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "parts"),
    [("@last#2", ("@last", 2)), ("abc", ("abc", None)), ("a#0", ("a#0", None)), ("a#x", ("a#x", None)), ("#2", ("", 2)), ("a#b#3", ("a#b", 3)), ("a#²", ("a#²", None))],
)  # fmt: skip
def test_the_number_of_a_file_follows_a_hash(text, parts):
    """It counts from 1."""
    assert numbered(text) == parts
