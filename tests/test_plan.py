"""`piooy plan` and `piooy init-plan`: what a production would send, and why. Nothing is sent."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import QUICK
from processes import shell


def plans(ran):
    """What is planned for each node of the file, and why."""
    return {one["node"]: (one["plan"], one["why"]) for one in ran.json if one["plan"] != "orphan"}


def planned(piooy, *arguments):
    """The plan, for programs."""
    return plans(piooy("plan", "spring.toml", "--json", *arguments))


def test_a_new_production_sends_everything(piooy, api, spring):
    """A line for each node on stdout, the counts and the next command on stderr; no request."""
    ran = piooy("plan", "spring.toml")

    assert (ran.code, [line.split("\t")[:5] for line in ran.lines]) == (0, [
        ["hero", "image", "nano-banana-pro", "send", "never sent"],
        ["clip", "video", "veo-3-1", "send", "never sent"],
        ["end", "video", "veo-3-1", "send", "never sent"],
        ["other", "image", "nano-banana-pro", "send", "never sent"],
    ])  # fmt: skip
    assert "spring: 4 nodes: 4 to send" in ran.err and "`piooy run spring.toml`" in ran.err
    assert api.log == []


CHANGES = {
    "nothing": (("", ""), {}),
    "a prompt": (("a tree", "an oak"), {"other": ("send", "prompt changed")}),
    "a parent": (("a {animal}", "one {animal}"), {"hero": ("send", "prompt changed"), "clip": ("send", "a parent changed"), "end": ("send", "a parent changed")}),
    "a variable": (('"fox"', '"hare"'), {"hero": ("send", "prompt changed"), "clip": ("send", "a parent changed"), "end": ("send", "a parent changed")}),
    "a default": (('"2K"', '"4K"'), {"hero": ("send", "option resolution changed"), "other": ("send", "option resolution changed"), "clip": ("send", "a parent changed"), "end": ("send", "a parent changed")}),
    "a model": (('"veo-3-1"', '"kling-3"'), {"clip": ("send", "model changed"), "end": ("send", "model changed")}),
    "a name": (("hero", "lead"), {"lead": ("keep", "unchanged")}),
    "an output": (('output = "out/"', 'output = "elsewhere/"'), {}),
    "an input": (('images = ["{node:hero}"]', ""), {"clip": ("send", "scene changed"), "end": ("send", "a parent changed")}),
}  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_only_what_has_changed_is_sent_again(piooy, sandbox, spring, change, expected):
    """The node itself and what is made from it, each with its reason; all others are kept."""
    assert piooy("run", "spring.toml").code == 0
    names = ["lead" if change[1] == "lead" else "hero", "clip", "end", "other"]
    spring(*change)

    assert planned(piooy) == dict.fromkeys(names, ("keep", "unchanged")) | expected


def test_what_nothing_needs_any_more_is_an_orphan(piooy, sandbox, spring):
    """Named as it was, with its task."""
    piooy("run", "spring.toml")
    spring('[node.other]\nmedia = "image"\nprompt = "a tree"\n', "")

    ran = piooy("plan", "spring.toml", "--json")

    (orphan,) = [record for record in ran.json if record["plan"] == "orphan"]
    assert orphan["node"] == "other" and orphan["result"] in piooy("history").out
    assert "1 no longer needed" in ran.err


def test_a_change_that_is_taken_back_costs_nothing(piooy, sandbox, spring):
    """What was paid for once is known for ever."""
    piooy("run", "spring.toml")
    spring("a tree", "an oak")
    piooy("run", "spring.toml")
    spring("an oak", "a tree")

    assert planned(piooy)["other"] == ("keep", "unchanged")


def test_nodes_that_ask_for_the_same_are_each_made(piooy, sandbox, spring):
    """Two of the same are two; a third one is one more."""
    more = '[node.{}]\nmedia = "image"\nprompt = "a tree"\n'
    spring("[node.other]", more.format("twin") + "[node.other]")
    piooy("run", "spring.toml")
    assert len(piooy("history", "--search", "tree").lines) == 2
    spring("[node.other]", more.format("third") + "[node.other]")

    found = planned(piooy)

    assert [found[name][0] for name in ("twin", "third", "other")].count("send") == 1


def test_one_node_and_what_it_needs(piooy, sandbox, spring):
    """`--only clip` is hero and clip."""
    assert list(planned(piooy, "--only", "clip")) == ["hero", "clip"]


def test_a_forced_node_is_sent_with_all_that_is_made_from_it(piooy, sandbox, spring):
    """Although nothing has changed."""
    piooy("run", "spring.toml")

    found = planned(piooy, "--force", "clip")

    assert found["hero"] == found["other"] == ("keep", "unchanged")
    assert found["clip"] == ("send", "forced") and found["end"] == ("send", "a parent changed")


def test_a_failed_node_blocks_what_is_made_from_it(piooy, serve, spring):
    """It is not sent again by itself."""
    serve("--faults", "task-fails@1")
    assert piooy("run", "spring.toml", "-j", "1").code == 6

    found = planned(piooy)

    assert found["hero"][0] == "failed"
    assert found["clip"] == ("blocked", "hero has no result")
    assert found["end"] == ("blocked", "clip has no result")


def test_the_money_is_told_as_far_as_it_is_known(piooy, sandbox, spring):
    """Per order, or per second; of what has no price, only how many."""
    piooy("config", "set", "price.nano-banana-pro", "0.04")
    assert "about 0.08 for 2; no price is known for 2 more" in piooy("plan", "spring.toml").err
    piooy("config", "set", "price.veo-3-1", "0.5/s")
    spring('prompt = "it runs"', 'prompt = "it runs"\noptions = { duration = 8 }')

    assert "about 4.08 for 3; no price is known for 1 more" in piooy("plan", "spring.toml").err
    assert piooy("config", "set", "price.veo-3-1", "cheap").code == 2


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz is not installed")
def test_graphviz_draws_the_graph(piooy, sandbox, spring):
    """It reads what is printed."""
    text = piooy("plan", "spring.toml", "--dot").out

    drawn = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=True)
    assert drawn.stdout.count('class="node"') == 4 and drawn.stdout.count('class="edge"') == 2


@pytest.mark.parametrize(("language", "edge"), [("dot", "n1 -> n2;"), ("mermaid", "n1 --> n2")])
def test_the_graph_has_every_node_and_edge(piooy, sandbox, spring, language, edge):
    """For Graphviz or Mermaid."""
    lines = piooy("plan", "spring.toml", f"--{language}").lines

    assert sum("image: send" in line or "video: send" in line for line in lines) == 4
    assert [line.strip() for line in lines].count(edge) == 1


BAD = {
    "no such node": ('"{node:hero}"', '"{node:x}"', "line 13: node clip: there is no node 'x'"),
    "a circle": ('prompt = "a {animal}"', 'prompt = "a"\nvideos = ["{node:end}"]', "nodes need each other"),
    "itself": ('"{node:hero}"', '"{node:clip}"', "nodes need each other: clip needs clip"),
    "a picture for a video": ('"{node:clip}"', '"{node:hero}"', "node end: 'hero' makes image; video is needed"),
    "an unknown field": ('prompt = "it runs"', 'promt = "it runs"', "line 13: node clip: has an unknown field 'promt'"),
    "an unknown variable": ("a {animal}", "a {animl}", "line 10: node hero: there is no variable {animl}"),
    "an unknown table": ("[variables]", "[variable]", "unknown key 'variable'"),
    "no model": ("[defaults.video]", "[defaults.music]", "node clip: no model for video"),
    "no media type": ('media = "image"\nprompt = "a tree"', 'prompt = "a tree"', "line 21: node other"),
    "another medium": ('media = "image"\nprompt = "a tree"', 'media = "poem"\nprompt = "a tree"', "'poem' is not a media type"),
    "an id": ('prompt = "a tree"', 'prompt = "a tree"\nid = "x"', "line 21: id is the name of the node"),
    "a bad name": ("[node.other]", '[node."a b"]', "'a b' is not a name"),
    "no value": ('prompt = "a tree"', "prompt =", "line 23"),
    "a place outside": ('prompt = "a tree"', 'prompt = "a tree"\noutput = "/tmp/x"', "line 21: node other"),
    "the last task": ('"{node:hero}"', '"@last"', "is another task each time"),
    "an unknown task": ('"{node:hero}"', '"nosuch"', "is not a URL, a file, or a task"),
    "a variable of no kind": ('"fox"', '["fox"]', "variable animal must be text or a number"),
    "a variable of the template": ("animal =", "slug =", "'slug' cannot be the name of a variable"),
}  # fmt: skip


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(("old", "new", "sentence"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_with_its_line(piooy, api, spring, command, old, new, sentence):
    """Exit 2, and nothing is sent."""
    spring(old, new)

    ran = piooy(command, "spring.toml")

    assert (ran.code, ran.out, api.log) == (2, "", [])
    assert sentence in " ".join(ran.err.split()), ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("nosuch.toml",), 14), (("spring.toml", "--only", "x"), 2), (("spring.toml", "--force", "x"), 2), (("spring.toml", "--var", "x=1"), 2), (("spring.toml", "--var", "animal"), 2), (("spring.toml", "--name", "a/b"), 2), ((".",), 2)],
)  # fmt: skip
def test_bad_arguments(piooy, api, spring, arguments, code):
    """A file that is not there is exit 14, anything else 2."""
    ran = piooy("plan", *arguments)

    assert (ran.code, ran.out, api.log) == (code, "", [])


def test_the_same_in_json(piooy, sandbox, home):
    """A file whose name ends with .json."""
    nodes = {"hero": {"media": "image", "model": "nano-banana-pro", "prompt": "a fox"}}
    (home / "p.json").write_text(json.dumps({"name": "p", "node": nodes}, indent=1))

    assert plans(piooy("plan", "p.json", "--json")) == {"hero": ("send", "never sent")}
    (home / "p.json").write_text('{"node": {"hero": {"media": "image",}}}')
    assert piooy("plan", "p.json").code == 2


def test_braces_stand_for_themselves_when_doubled(piooy, sandbox, spring):
    """As in Python."""
    spring("a {animal}", "a {{animal}} {a|b}")

    (hero, *_) = piooy("plan", "spring.toml", "--json").json
    assert hero["prompt"] == "a {animal} {a|b}"


def test_variables_of_the_command_line_win(piooy, sandbox, spring):
    """`--var animal=hare`."""
    (hero, *_) = piooy("plan", "spring.toml", "--json", "--var", "animal=hare").json

    assert hero["prompt"] == "a hare"


def test_the_example_can_be_planned_and_run(piooy, sandbox, home):
    """Word for word; an existing file is not replaced."""
    assert piooy("init-plan", "spring.toml").code == 0
    assert (home / "spring.toml").read_text() == piooy("init-plan").out
    assert piooy("init-plan", "spring.toml").code == 2

    assert len(piooy("plan", "spring.toml").lines) == 3
    patient = QUICK._replace(asset_idle=30, asset_late=30)  # its video takes seconds to make
    assert piooy("run", "spring.toml", numbers=patient).code == 0
    assert sorted(path.suffix for path in (home / "spring").rglob("*.*")) == [".jsonl", ".mp4", ".png", ".wav"]  # fmt: skip


@pytest.mark.soak
def test_the_example_of_the_readme(sandbox, home):
    """From a prompt to a picture, to videos, to music, and the same as one file; word for word."""
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"## From a picture to a film\n.*?```sh\n(.*?)```", text, re.DOTALL)
    assert len(block.splitlines()) == 8

    ran = shell(f"set -e\n{block}")

    assert ran.returncode == 0, ran.stderr
    made = [line.split("/")[-1] for line in ran.stdout.splitlines() if line.endswith((".png", ".mp4", ".wav"))]  # fmt: skip
    assert made[:3] == ["fox.png", "run.mp4", "rest.mp4"] and len(made) == 7
    assert ran.stdout.count("└─ ") == 2


def test_the_next_command_does_what_was_planned(piooy, sandbox, spring):
    """With the options of the plan, and the global ones."""
    options = ("--var", "animal=red hare", "--only", "clip", "-o", "here", "--base-url", sandbox)
    ran = piooy("plan", "spring.toml", *options)
    (command,) = re.findall(r"to send them: `piooy (.*)`", ran.err)

    done = piooy(*shlex.split(command))

    assert done.code == 0 and [line.split("-")[0] for line in sorted(done.lines)] == [
        "here/a",
        "here/it",
    ]
    assert "red-hare" in done.out


def test_a_plan_leaves_no_trace(piooy, sandbox, spring, home):
    """No ledger, no file."""
    before = sorted(home.parent.rglob("*"))
    piooy("plan", "spring.toml")

    assert sorted(home.parent.rglob("*")) == before


PRESETS = """\
[presets.film]
media = "image"
model = "seedream-4-5"
prompt = "{prompt}, 35 mm film"
options = { resolution = "4K", seed = 7 }
"""


def test_a_preset_fills_the_gaps_of_a_node(piooy, sandbox, spring, home):
    """What the node and the file say wins; the prompt goes into the preset's; by name or --preset."""
    (home / "piooy.toml").write_text(PRESETS)
    spring(
        'media = "image"\nprompt = "a tree"', 'media = "image"\nprompt = "a tree"\npreset = "film"'
    )

    other = piooy("plan", "spring.toml", "--json").json[3]
    assert (other["prompt"], other["model"]) == ("a tree, 35 mm film", "nano-banana-pro")
    found = {one["node"]: one["prompt"] for one in piooy("plan", "spring.toml", "--json", "--preset", "film").json}  # fmt: skip
    assert found["hero"] == "a fox, 35 mm film" and found["clip"] == "it runs"
    request = piooy("run", "spring.toml", "--dry-run").json[3]
    assert request["options"] == {"resolution": "2K", "seed": 7}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [('prompt = "a tree"', 'prompt = "a tree"\npreset = "flim"', "there is no preset 'flim'"), ('prompt = "it runs"', 'prompt = "it runs"\npreset = "film"', "is for image, not for video"), ('prompt = "a tree"', 'prompt = "a tree"\npreset = 7', "preset must be text")],
)  # fmt: skip
def test_a_wrong_preset_is_named(piooy, api, spring, home, old, new, sentence):
    """Exit 2, with the line of the node."""
    (home / "piooy.toml").write_text(PRESETS)
    spring(old, new)

    ran = piooy("plan", "spring.toml")

    assert ran.code == 2 and sentence in ran.err and "spring.toml, line" in ran.err
    (home / "piooy.toml").write_text(PRESETS + '[profiles.work]\nbase_url = "https://e.com"\n')
    assert "may hold presets only" in piooy("plan", "spring.toml", "--preset", "film").err


def test_a_line_of_dots_is_refused_at_once(piooy, home):
    """A hostile file: the parser would need minutes."""
    (home / "p.toml").write_text("a" + ".a" * 100_000 + " = 1\n")

    assert piooy("plan", "p.toml").code == 2
