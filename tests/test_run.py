"""`piooy run`: send what a production needs, each node once, after its parents."""

import json
import re

import pytest
from production import SPRING
from servers import expect_order, orders


@pytest.fixture
def logged(serve, home):
    """A sandbox of this test's own, and how often it has charged."""

    def start(*options):
        serve("--log", "log", "--state", "sandbox", *options)
        return lambda: (home / "log").read_text().count('"charge"')

    return start


def records(home):
    """The lines of the results, by node."""
    lines = (home / "out" / "results.jsonl").read_text().splitlines()
    return {record["node"]: record for record in map(json.loads, lines)}


def test_the_road(piooy, logged, spring, home):
    """Paths on stdout; each video is made from the result of its parent; nothing is sent twice."""
    charges = logged()

    ran = piooy("run", "spring.toml")

    assert (ran.code, len(ran.lines), charges()) == (0, 4, 4)
    found = records(home)
    assert found["hero"]["id"] in found["clip"]["options"]["image_input"][0]
    assert found["clip"]["id"] in found["end"]["options"]["video_input"][0]
    assert piooy("run", "spring.toml").lines == [] and charges() == 4
    spring("it sleeps", "it dreams")
    assert len(piooy("run", "spring.toml").lines) == 1 and charges() == 5


def test_one_node_is_made_with_its_parents(piooy, logged, spring):
    """`--only clip` makes two, and the rest later."""
    charges = logged()

    assert len(piooy("run", "spring.toml", "--only", "clip").lines) == 2
    assert (len(piooy("run", "spring.toml").lines), charges()) == (2, 4)


def test_forcing_is_asked(piooy, logged, spring):
    """Off a terminal it needs --yes; it pays for the node and for what is made from it."""
    charges = logged()
    piooy("run", "spring.toml")

    refused = piooy("run", "spring.toml", "--force", "clip")
    assert (refused.code, charges()) == (2, 4) and "--yes" in refused.err
    assert (len(piooy("run", "spring.toml", "--force", "clip", "--yes").lines), charges()) == (2, 6)
    assert (len(piooy("run", "spring.toml").lines), charges()) == (0, 6)
    assert (len(piooy("run", "spring.toml", "--force", "clip", "--yes").lines), charges()) == (2, 8)


def test_a_failed_node_is_made_again_when_forced(piooy, logged, spring):
    """With the children that were never sent."""
    charges = logged("--faults", "task-fails@1")
    first = piooy("run", "spring.toml", "-j", "1")
    assert (first.code, charges()) == (6, 2)
    assert "clip: not sent: it needs" in first.err

    again = piooy("run", "spring.toml", "--force", "hero", "--yes")

    assert (again.code, len(again.lines), charges()) == (0, 3, 5)


def test_more_than_ten_nodes_are_asked(piooy, api, home):
    """As with a sweep."""
    nodes = {f"n{n}": {"media": "image", "model": "m", "prompt": f"p{n}"} for n in range(11)}
    (home / "p.json").write_text(json.dumps({"node": nodes}))

    ran = piooy("run", "p.json")

    assert (ran.code, api.log) == (2, []) and "11 tasks would be charged 11 times" in ran.err


def test_the_dry_run_prints_the_requests(piooy, api, spring):
    """In JSON, one for each node that would be sent."""
    ran = piooy("run", "spring.toml", "--dry-run")

    assert (ran.code, len(ran.json), api.log) == (0, 4, [])


def test_the_output_of_the_command_line_wins(piooy, sandbox, spring, home):
    """`-o`; a node's own is below it."""
    spring('prompt = "a tree"', 'prompt = "a tree"\noutput = "trees/"')

    piooy("run", "spring.toml", "-o", "here")

    assert len(list((home / "here").glob("*.*"))) == 4  # with the results
    assert len(list((home / "here" / "trees").iterdir())) == 1


def test_an_order_in_doubt_blocks_what_is_made_from_it(piooy, api, home, spring):
    """Exit 11; the next run sends it no more, and names the way out."""
    expect_order(api, response_data="not JSON")
    spring('[node.other]\nmedia = "image"\nprompt = "a tree"\n', "")

    first, second = piooy("run", "spring.toml"), piooy("run", "spring.toml")

    assert (first.code, second.code, len(orders(api))) == (11, 11, 1)
    assert "history resolve" in second.err
    assert piooy("plan", "spring.toml", "--json").json[0]["why"] == "in doubt: resolve it first"


def test_a_production_that_is_cut_off_while_forcing_forces_once(piooy, logged, spring, home):
    """The same command goes on, and is not a second wish."""
    charges = logged()
    piooy("run", "spring.toml")
    (memory,) = (home.parent / "state" / "batches").rglob("spring.nodes")
    force = ("run", "spring.toml", "--force", "hero", "--yes", "--max-tasks")
    assert piooy(*force, "5").code == 7  # the cap cuts it off after one order
    assert charges() == 5
    text = json.loads(memory.read_text())
    memory.write_text(json.dumps(text | {"forced": {"hero": 2}}))  # as if it had been killed

    assert piooy(*force, "100").code == 0
    assert charges() == 7  # clip and end


def test_two_runs_at_once_do_not_mix(piooy, logged, spring, home):
    """The second one waits, or ends with exit 9."""
    from processes import start, wait_for

    charges = logged("--speed", "1")
    first = start("run", "spring.toml")
    wait_for(lambda: list((home.parent / "state" / "batches").rglob("spring.lock")))
    wait_for(lambda: charges() > 0)

    assert piooy("run", "spring.toml").code == 9
    first.kill()
    first.communicate()


def test_prompts_are_not_remembered_where_the_user_wants_none(piooy, sandbox, spring, home):
    """`history_prompts = false`: no file of the state has one."""
    piooy("config", "set", "history_prompts", "false")
    piooy("run", "spring.toml")
    spring("a tree", "an oak")

    kept = b"".join(path.read_bytes() for path in home.parent.glob("state/batches/*/*"))
    assert not re.search(b"it runs|a fox|a tree", kept)
    (other,) = [one for one in piooy("plan", "spring.toml", "--json").json if one["plan"] == "send"]
    assert (other["node"], other["why"]) == ("other", "changed")


def test_the_file_of_a_stranger_stays_in_its_place(piooy, api, home):
    """Its output is below the working directory, and nothing outside its directory is sent."""
    text = SPRING.replace('output = "out/"', 'output = "/tmp/elsewhere"')
    (home / "spring.toml").write_text(text)
    assert piooy("run", "spring.toml").code == 2
    (home / "sub").mkdir()
    (home / "secret.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (home / "sub" / "p.toml").write_text(SPRING.replace('"{node:hero}"', '"secret.png"'))

    ran = piooy("run", "sub/p.toml", "--inline")

    assert (ran.code, api.log) == (2, []) and "secret.png" in ran.err
