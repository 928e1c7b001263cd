"""Productions as a model: after any edits and kills, exactly what has changed is paid for."""

import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_batch_crashes import FAULTS, Runs, charges, here  # noqa: F401 - a fixture

from piooy_cli.batch.production.document import Node, Production
from piooy_cli.batch.production.nodes import NodeBuilder
from piooy_cli.batch.row_paths import RowPaths
from piooy_cli.batch.rows import digest_of
from piooy_cli.config.settings import Settings
from piooy_cli.downloads.naming import Target
from piooy_cli.downloads.options import SaveOptions
from piooy_cli.requests.builder import RequestBuilder, RequestSpec
from piooy_cli.requests.catalogue import load_catalogue
from piooy_cli.requests.input_refs import InputRefs

MOST = 30
BUILDER = RequestBuilder(Settings(), load_catalogue({}), InputRefs(lambda: None, in_manifest=True))
PATHS = RowPaths(SaveOptions(Target.of("")), Path())


def keys_of(nodes, paid, world=None):
    """What the product takes each node for: the keys of its rows, parents first."""
    in_file = [Node(name, 1, fields_of(nodes[name])) for name in nodes]
    production = Production("p", Path("p"), None, None, in_file, [], frozenset(nodes))
    rows, bad = NodeBuilder(BUILDER, RequestSpec(), PATHS, set(paid), {}).rows(production)
    assert bad == []
    return {one.row.name: one.row.key for one in rows}


def keys_by_address(nodes, paid, world):
    """The negative control: parents are known by their address, which is renewed by each run."""
    keys = {}
    for name in in_order(nodes):
        prompt, parents = nodes[name]
        key = digest_of([prompt, [f"{keys[one]}?v={world['run']}" for one in parents]]).hex()
        keys[name] = f"{key}#{sum(value.startswith(key) for value in keys.values())}"
    return keys


def fields_of(node):
    """A node as the file has it."""
    prompt, parents = node
    images = {"images": [f"{{node:{name}}}" for name in parents]} if parents else {}
    return {"media": "image", "model": "m", "prompt": prompt} | images


def in_order(nodes):
    """Names, parents first."""
    done = []

    def visit(name):
        for parent in nodes[name][1]:
            visit(parent)
        if name not in done:
            done.append(name)

    for name in nodes:
        visit(name)
    return done


def content(nodes, name):
    """What a node is, by itself: its prompt, and what its parents are."""
    prompt, parents = nodes[name]
    return (prompt, tuple(content(nodes, parent) for parent in parents))


def edited(nodes, chance):
    """One edit that a person might make."""
    nodes, names = dict(nodes), list(nodes)
    edit = chance.choice(["prompt", "prompt", "rename", "move", "add", "remove", "link", "unlink", "copy"])  # fmt: skip
    name = chance.choice(names)
    prompt, parents = nodes[name]
    below = [one for one in names if not reaches(nodes, one, name)]
    if edit == "prompt":
        nodes[name] = (f"p{chance.randrange(5)}", parents)
    elif edit == "rename":
        new = f"n{chance.randrange(10**6)}"
        swap = {name: new}
        nodes = {swap.get(one, one): (p, tuple(swap.get(q, q) for q in qs)) for one, (p, qs) in nodes.items()}  # fmt: skip
    elif edit == "move":
        chance.shuffle(names)
        nodes = {one: nodes[one] for one in names}
    elif edit in ("add", "copy") and len(nodes) < MOST:
        copy = (prompt, parents) if edit == "copy" else (f"p{chance.randrange(5)}", tuple(chance.sample(names, min(len(names), chance.randrange(3)))))  # fmt: skip
        nodes[f"n{chance.randrange(10**6)}"] = copy
    elif edit == "remove" and len(nodes) > 1:
        del nodes[name]
        nodes = {one: (p, tuple(q for q in qs if q != name)) for one, (p, qs) in nodes.items()}
    elif edit == "link" and below and len(parents) < 3:
        nodes[name] = (prompt, tuple(dict.fromkeys((*parents, chance.choice(below)))))
    elif edit == "unlink" and parents:
        nodes[name] = (prompt, parents[1:])
    return nodes


def reaches(nodes, start, goal):
    """Whether a node is made from another one, or is it."""
    return start == goal or any(reaches(nodes, one, goal) for one in nodes[start][1])


def check_edits(seed, edits, identity):
    """Edit and run, some runs cut off anywhere; how many orders were too many, and too few."""
    chance = random.Random(seed)
    nodes = {"a": ("p0", ()), "b": ("p1", ("a",))}
    paid, charged, extra, missing = [], Counter(), 0, 0
    for run in range(edits):
        for _ in range(chance.randrange(1, 4)):
            nodes = edited(nodes, chance)
        keys = identity(nodes, paid, {"run": run})
        order = [name for name in in_order(nodes) if keys[name] not in paid]
        cut = chance.randrange(len(order) + 1) if order and chance.random() < 0.4 else len(order)
        for name in order[:cut]:
            paid.append(keys[name])
            charged[content(nodes, name)] += 1
        needed = Counter(content(nodes, name) for name in nodes)
        most = most_ever(seed, run, needed)
        extra += sum((charged - most).values())
        missing += sum((needed - charged).values()) if cut == len(order) else 0
    return extra, missing


MOST_EVER = {}


def most_ever(seed, run, needed):
    """How often each content was ever needed at the same time: nobody has to pay for more."""
    known = MOST_EVER.get(seed, Counter()) if run else Counter()
    MOST_EVER.clear()
    MOST_EVER[seed] = known | needed
    return MOST_EVER[seed]


@given(st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_exactly_what_has_changed_is_paid_for(seed):
    """Random graphs, edits and kills: nothing more, nothing less."""
    assert check_edits(seed, 12, keys_of) == (0, 0)


def test_addresses_as_identity_pay_again():
    """The negative control: the check sees what is paid too often."""
    assert sum(check_edits(seed, 12, keys_by_address)[0] for seed in range(5)) > 0


@pytest.mark.soak
def test_ten_thousand_edits():
    """EDITS=N makes it N."""
    count, wrong, edits = int(os.environ.get("EDITS", "10000")), [], 0
    for seed in range(count // 50):
        wrong += [seed] if check_edits(seed, 25, keys_of) != (0, 0) else []
        edits += 50
    by_address = sum(check_edits(seed, 25, keys_by_address)[0] for seed in range(20))
    print(f"{edits:,} edits: {len(wrong)} productions wrong; by address: {by_address:,} extra", file=sys.__stderr__)  # fmt: skip
    assert wrong == [] and by_address > 0


NODES = 120
PROGRAM_FAULTS = FAULTS.replace("task-fails:3%,", "")


def write_production(path, chance):
    """Nodes with a model of their own each, most of them made from earlier ones."""
    lines = ['name = "p"', 'output = "out/"']
    for n in range(NODES):
        parents = chance.sample(range(n), min(n, chance.choice([0, 1, 1, 2])))
        images = ", ".join(f'"{{node:r{one}}}"' for one in parents)
        lines.append(f'[node.r{n}]\nmedia = "image"\nmodel = "m{n}"\nprompt = "picture {n}"\nimages = [{images}]')  # fmt: skip
    path.write_text("\n".join(lines) + "\n")


def kill_production(serve, place, chance, kills):
    """Run a production and kill it at random, so many times; then let it end."""
    place.mkdir()
    os.chdir(place)
    os.environ["PIOOY_STATE_DIR"] = str(place / "state")
    serve("--faults", PROGRAM_FAULTS, "--seed", str(chance.random()), "--log", "log", "--state", "sandbox")  # fmt: skip
    write_production(place / "p.toml", chance)
    runs = Runs("--quiet run p.toml --yes -j 8")
    killed = sum(runs.run(0.05 + chance.random() * 0.3) == -signal.SIGKILL for _ in range(kills))
    codes = [runs.run() for _ in range(3)]
    runs.close()
    return killed, codes[-1]


def judge_production(place):
    """Each node is charged once, in doubt, or unsent because a parent is; the number of each."""
    import sqlite3

    with sqlite3.connect(place / "state" / "ledger.sqlite3") as ledger:
        orders = ledger.execute("select model, state, row from orders").fetchall()
    ledger.close()
    charged = charges(place / "log")
    assert len({row for _, _, row in orders}) == len(orders) <= NODES
    for model, state, _ in orders:
        expected = {"SUBMITTED": (1,), "UNKNOWN": (0, 1), "REFUSED": (0,), "PLANNED": (0,)}[state]
        assert charged[model] in expected, (model, state)
    assert set(charged) <= {model for model, _, _ in orders}
    return Counter(state for _, state, _ in orders)


def check_production_kills(serve, home, kills, each):
    """Productions, one after the other, until there were so many kills."""
    chance, killed, states, count = random.Random(5), 0, Counter(), 0
    while killed < kills:
        times, code = kill_production(serve, home / f"p{count}", chance, each)
        states += judge_production(home / f"p{count}")
        assert code in (0, 6, 11)
        killed, count = killed + times, count + 1
    print(f"{killed} kills, {count} productions of {NODES} nodes: {dict(states)}", file=sys.__stderr__)  # fmt: skip


def test_a_killed_production_pays_once(serve, home):
    """Each node is charged once, or in doubt."""
    check_production_kills(serve, home, 3, 5)


@pytest.mark.soak
def test_two_hundred_kills_of_productions(serve, home):
    """PRODUCTION_KILLS=N makes it N."""
    check_production_kills(serve, home, int(os.environ.get("PRODUCTION_KILLS", "200")), 40)


def test_five_hundred_nodes_are_planned_within_half_a_second(piooy, sandbox, home):
    """In the time of the processor, with a ledger that knows all of them."""
    import time

    nodes = {f"n{n}": {"media": "image", "model": "nano-banana-pro", "prompt": f"p{n}"} | ({"images": [f"{{node:n{n - 1}}}"]} if n % 5 else {}) for n in range(500)}  # fmt: skip
    (home / "p.json").write_text(json.dumps({"name": "p", "node": nodes}))
    piooy("plan", "p.json")
    begun = time.process_time()

    ran = piooy("plan", "p.json")

    assert (ran.code, len(ran.lines)) == (0, 500)
    assert time.process_time() - begun < 1  # half of it on a quiet machine
