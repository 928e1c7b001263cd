"""The recipes of docs/cron.md, taken from the page and run, in the bare environment of a cron job."""

import fcntl
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shlex import quote

import pytest
from processes import shell

PAGE = (Path(__file__).parent.parent / "docs" / "cron.md").read_text(encoding="utf-8")
KEY = "a-key-of-the-cron-docs"


def recipe(name, **places):
    """The code block behind `<!-- name -->`, at other places and in a hurry."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```\n", PAGE, re.DOTALL)
    assert found, name
    text = found[1]
    for here, there in (*places.values(), ("--quiet", "--quiet --interval 0.1")):
        assert here in text, here
        text = text.replace(here, str(there))
    return text


@pytest.fixture
def me(home, sandbox):
    """A home with piooy on its path, a key file and a manifest of five rows."""
    place = home.parent / "me"
    (place / ".local/bin").mkdir(parents=True)
    (place / "pictures").mkdir()
    (place / ".piooy-key").write_text(f"{KEY}\n")
    (place / "pictures/prompts.txt").write_text("".join(f"picture {n}\n" for n in range(5)))
    program = place / ".local/bin/piooy"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m piooy_cli "$@"\n')
    program.chmod(0o755)
    return place


def bare(place, script, sandbox, *assignments):
    """A script in `sh`, with nothing in the environment but what is given."""
    words = " ".join(map(quote, (f"HOME={place}", f"PIOOY_BASE_URL={sandbox}", *assignments)))
    return shell(f"cd {place}; env -i {words} /bin/sh -c {quote(script)} </dev/null")


def rows(directory):
    """The prompts in the results under a directory."""
    return sorted(json.loads(line)["prompt"] for path in directory.rglob("results.jsonl") for line in path.read_text().splitlines())  # fmt: skip


def test_the_crontab_is_silent_and_leaves_a_batch_alone_that_another_run_holds(me, sandbox):
    """No mail on success, nothing sent twice; 9 and its reason while the lock is taken."""
    lines = recipe("crontab", home=("/home/me", me)).splitlines()
    assignments = [line for line in lines if re.match(r"\w+=", line)]
    (job,) = [line.split(None, 5)[5] for line in lines if line not in assignments]

    ran = bare(me, job, sandbox, *assignments)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert rows(me / "pictures/out") == [f"picture {n}" for n in range(5)]

    ran = bare(me, job, sandbox, *assignments)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert bare(me, "piooy history --json | wc -l", sandbox, *assignments).stdout.strip() == "5"

    (lock,) = me.rglob("batches/*/prompts-*.lock")
    with lock.open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ran = bare(me, job, sandbox, *assignments)
    assert ran.returncode == 9 and "another run holds the batch prompts-" in ran.stderr


def test_the_array_sends_each_row_once(me, sandbox):
    """All indices together have all rows, none of them twice; a second time nothing is sent."""
    script = recipe("array", state=("/var/local/piooy-$USER", me / "state"))
    path = f"PATH={me}/.local/bin:/usr/bin:/bin"
    (indices,) = re.findall(r"--array=0-(\d+)", script)
    (parts,) = re.findall(r"^parts=(\d+)", script, re.MULTILINE)
    assert int(parts) == int(indices) + 1

    def index(n):
        return bare(me, script, sandbox, path, f"SLURM_ARRAY_TASK_ID={n}")

    for sent in (5, 0):
        with ThreadPoolExecutor() as pool:
            ran = list(pool.map(index, range(int(parts))))
        assert [(one.returncode, one.stderr) for one in ran] == [(0, "")] * int(parts)
        summaries = [json.loads(file.read_text()) for file in (me / "pictures/out").glob("*.json")]
        assert sum(one["orders_sent"] for one in summaries) == sent

    assert rows(me / "pictures/out") == [f"picture {n}" for n in range(5)]
