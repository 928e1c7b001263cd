"""`piooy redo`: an earlier request is sent again, as a new order, changed or not."""

import json
import os
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from servers import TASK, expect_look, expect_order, orders, task

PICTURE = ("generate", "image", "-m", "nano-banana-pro")


def bodies(home):
    """What was sent, in the order of the ledger."""
    with sqlite3.connect(home.parent / "state" / "ledger.sqlite3") as ledger:
        return [body for (body,) in ledger.execute("select body from orders order by id")]


@pytest.mark.parametrize("ref", ["@last", "fox.png", "renamed"])
def test_the_same_request_is_sent_again(piooy, sandbox, home, ref):
    """Byte for byte, by its task or by its file under any name; charged as a new order."""
    piooy(
        *PICTURE,
        "-O",
        "n:=1",
        "--seed",
        "7",
        "-o",
        "fox.png",
        "--tag",
        "client=acme",
        "a fox, ünïcode",
    )
    (home / "renamed").write_bytes((home / "fox.png").read_bytes())

    ran = piooy("redo", ref, "--yes", "-o", "again.png")

    assert (ran.code, ran.lines) == (0, ["again.png"])
    first, second = bodies(home)
    assert first == second
    newest = piooy("history", "--json").json[0]
    assert newest["tags"] == {"client": "acme"} and newest["prompt"] == "a fox, ünïcode"


def test_it_is_asked(piooy, sandbox, home):
    """Off a terminal it needs --yes."""
    piooy(*PICTURE, "--no-wait", "a fox")

    ran = piooy("redo", "@last")

    assert ran.code == 2 and "1 task would be charged" in ran.err and len(bodies(home)) == 1


def test_options_change_it(piooy, sandbox, home):
    """A new model has its own provider; an option of null is removed."""
    piooy(*PICTURE, "-r", "2K", "--seed", "7", "--no-wait", "a fox")

    changes = (
        "-m",
        "seedream-4-5",
        "-O",
        "resolution:=null",
        "-O",
        "style=noir",
        "--prompt",
        "a hare",
    )
    assert piooy("redo", "@last", *changes, "--seed", "8", "--yes", "--no-wait").code == 0
    first, second = map(json.loads, bodies(home))
    assert second["options"] == {"seed": 8, "style": "noir"}
    assert (second["model"], second["prompt"]) == ("seedream-4-5", "a hare")
    assert second["scene"] == first["scene"] and second["provider"]


def test_the_dry_run_shows_the_difference(piooy, sandbox, home):
    """A line for each field; nothing is sent."""
    piooy(*PICTURE, "--seed", "7", "--no-wait", "a fox")

    ran = piooy("redo", "@last", "--prompt", "a hare", "--seed", "8", "--dry-run")
    assert ran.lines == ['prompt\t"a fox"\t"a hare"', "options.seed\t7\t8"]
    assert piooy("redo", "@last", "--seed", "8", "--dry-run", "--json").json == [
        {"field": "options.seed", "before": 7, "after": 8}
    ]
    same = piooy("redo", "@last", "--dry-run")
    assert (same.out, len(bodies(home))) == ("", 1) and "the same request" in same.err


def test_inputs_are_results_again(piooy, sandbox, home):
    """The address that was sent may have expired: it is found anew, and the parent is known."""
    picture = piooy(*PICTURE, "--no-download", "a fox").out.strip()
    piooy("generate", "video", "-m", "veo-3-1", "-i", picture, "--no-wait", "it runs")

    assert piooy("redo", "@last", "--yes", "--no-wait").code == 0
    first, second = (json.loads(body)["options"]["image_input"] for body in bodies(home)[1:])
    assert picture in second[0] and first != second  # renewed
    assert piooy("history", "show", "@last").json[0]["inputs"][0]["task"] == picture


def test_what_is_not_known_is_refused(piooy, api, home):
    """Exit 14, or 2 where the request itself is not in the history; nothing is sent."""
    (home / "fox.png").write_bytes(b"\x89PNG")
    assert piooy("redo", "@last", "--yes").code == 14
    expect_look(api, task("SUCCESS"))
    piooy("task", TASK)
    assert piooy("redo", "fox.png", "--yes").code == 14
    ran = piooy("redo", TASK, "--yes")

    assert ran.code == 2 and "is not in the history" in ran.err and orders(api) == []


def test_without_prompts_nothing_can_be_sent_again(piooy, sandbox, home):
    """`history_prompts = false`."""
    piooy("config", "set", "history_prompts", "false")
    piooy(*PICTURE, "--no-wait", "a fox")

    assert piooy("redo", "@last", "--yes").code == 2


JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé_", min_size=1, max_size=6), inner, max_size=3), max_leaves=8)  # fmt: skip


@settings(
    max_examples=int(os.environ.get("REDO", "25")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.dictionaries(st.text("abcdé_", min_size=1, max_size=8), JSON.filter(lambda value: value is not None), max_size=4), st.text(st.characters(categories=["L", "N", "So", "Mn"]), min_size=1, max_size=40))  # fmt: skip
def test_any_request_is_the_same_again(piooy, api, home, options, prompt):
    """Whatever its options and its prompt."""
    api.clear()
    api.log.clear()
    expect_order(api)
    arguments = [text for name, value in options.items() for text in ("-O", f"{name}:={json.dumps(value)}")]  # fmt: skip
    first = piooy("generate", "image", "-m", "m", "--no-wait", *arguments, "--", f"x{prompt}")
    assert first.code in (0, 11), first.err
    if first.code == 0:
        assert piooy("redo", first.out.strip(), "--yes", "--no-wait").code in (0, 11)
        sent = [request.get_data() for request, _ in api.log]
        assert len(sent) == 2 and sent[0] == sent[1]
