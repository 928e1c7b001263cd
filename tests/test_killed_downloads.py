"""A download killed at any moment: the same command again, and there is one whole file."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter

import pytest
from conftest import KEY
from PIL import Image
from servers import TASK, expect_look, task
from test_transfer import END, Host, rest

STRACE = shutil.which("strace")
WRITES = "write,pwrite64,fsync,fdatasync,link,ftruncate"
FILM = b"\x89PNG\r\n\x1a\n" + hashlib.shake_256(b"film").digest(1_500_000) + END
# What touches the disk or the network: between two of these nothing that lasts can happen.
CALLS = (
    "openat,write,pwrite64,fsync,fdatasync,unlink,link,linkat,rename,mkdir,connect,sendto,recvfrom,"
    "ftruncate,lseek,flock"
)


def download(home, state, *before):
    """The command that is killed, and given again."""
    command = [*before, sys.executable, "-m", "piooy_cli", "-q", "download", "-o", "out", TASK]
    environ = os.environ | {"PIOOY_STATE_DIR": str(state), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, timeout=60, cwd=home
    )


def points(home):
    """How often each call is made, from the first look at the ledger on; and what it has saved."""
    trace = home / "trace"
    ran = download(home, home / "counted", STRACE, "-f", "-e", f"trace={CALLS}", "-o", str(trace))
    assert ran.returncode == 0, ran.stderr
    counts, begun = Counter(), {}
    for line in trace.read_text(errors="replace").splitlines():
        if call := re.match(r"\d+ +(\w+)\(", line):
            counts[call[1]] += 1
            begun = begun or (dict(counts) if "ledger.sqlite3" in line else {})
    (saved,) = [path.read_bytes() for path in (home / "out").iterdir()]
    shutil.rmtree(home / "out")
    found = [
        (call, n) for call, last in counts.items() for n in range(begun.get(call, 1), last + 1)
    ]
    return found, saved


def check_points(home, step, fault="signal=SIGKILL", calls=CALLS, also=()):
    """Kill, or refuse, at each point in turn. `also`: what a file may be, beside what it should."""
    found, whole = points(home)
    allowed = {whole, *also}
    every = [(call, n) for call, n in found if call in calls.split(",")]
    chosen = every[::step]
    print(f"{len(chosen)} of {len(every)} points of a download", file=sys.__stderr__)
    assert len(every) > 20
    for number, (call, n) in enumerate(chosen):
        state = home / f"s{number}"
        inject = f"inject={call}:{fault}:when={n}"
        ran = download(home, state, STRACE, "-f", "-qq", "-o", "/dev/null", "-e", inject)
        assert ran.returncode in (-9, 0, 12, 13), (call, n, ran.stderr)
        published = [path for path in (home / "out").glob("*") if not path.name.startswith(".")]
        assert all(path.read_bytes() in allowed for path in published), (call, n)

        again = download(home, state)

        assert again.returncode == 0, (call, n, again.stderr)
        (path,) = (home / "out").iterdir()
        assert path.read_bytes() in allowed, (call, n)
        shutil.rmtree(home / "out")
    return whole


@pytest.fixture
def picture(raw, api, monkeypatch):
    """A task with a real picture, which gets a recipe."""
    content = io.BytesIO()
    noise = hashlib.shake_256(b"noise").digest(3 * 700 * 700)
    Image.frombytes("RGB", (700, 700), noise).save(content, "PNG")
    server = raw(Host(rest(content.getvalue())), is_api=False)
    monkeypatch.setenv("PIOOY_API_KEY", KEY)
    monkeypatch.setenv("PIOOY_METADATA", "embed")
    expect_look(api, task("SUCCESS", {"results": [server.url + "/a.png"]}))
    return content.getvalue()


@pytest.fixture
def film(raw, api, monkeypatch):
    """A task with one large asset on a host that knows ranges."""
    host = Host(rest(FILM))
    server = raw(host, is_api=False)
    monkeypatch.setenv("PIOOY_API_KEY", KEY)
    expect_look(api, task("SUCCESS", {"results": [server.url + "/a.png"]}))
    return host


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_some_moments(film, home):
    """Some of the enumerated ones."""
    check_points(home, step=29)


@pytest.mark.soak
@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_every_moment(film, home):
    """Each of them; STEP=N takes every N-th."""
    check_points(home, step=int(os.environ.get("STEP", "1")))


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_some_moments_with_a_recipe(picture, home):
    """A whole file with its recipe, or none."""
    assert len(check_points(home, step=41)) > len(picture)


@pytest.mark.soak
@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_every_moment_with_a_recipe(picture, home):
    """Each of them; STEP=N takes every N-th."""
    assert len(check_points(home, step=int(os.environ.get("STEP", "1")))) > len(picture)


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
def test_some_refusals_with_a_recipe(picture, home):
    """A disk that says no: the picture is saved as it came, or not yet."""
    check_points(home, 37, "error=ENOSPC", WRITES, also=[picture])


@pytest.mark.skipif(not STRACE, reason="strace is not installed")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_some_refusals(film, home, error):
    """A disk that says no at some point: exit 13 or a whole file, and it continues later."""
    check_points(home, 37, f"error={error}", WRITES)


@pytest.mark.soak
@pytest.mark.skipif(not STRACE, reason="strace is not installed")
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_every_refusal(film, home, error):
    """Each of them; STEP=N takes every N-th."""
    check_points(home, int(os.environ.get("STEP", "1")), f"error={error}", WRITES)


def test_two_at_once_make_one_file(film, home):
    """Two processes, one directory: one file, both exit 0, and both name it."""
    ran = []
    both = [
        threading.Thread(target=lambda n=n: ran.append(download(home, home / f"s{n}")))
        for n in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert [one.returncode for one in ran] == [0, 0]
    assert ran[0].stdout == ran[1].stdout
    (path,) = (home / "out").iterdir()
    assert path.read_bytes() == FILM
