"""The key: found in order, checked at the door, shown to no one."""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from processes import PIOOY

SECRET = "canary-0123456789-abcdef"


@pytest.fixture(autouse=True)
def no_key(monkeypatch, api):
    """Each test brings its own key to a server that knows no task."""
    monkeypatch.delenv("PIOOY_API_KEY")
    api.expect_request("/api/v1/task/a").respond_with_json({}, status=404)
    return api


def sent(api):
    """The key that arrived at the server."""
    return api.log[0][0].headers["Authorization"] if api.log else None


@pytest.mark.parametrize(
    "text", [SECRET, SECRET + "\n", f"  {SECRET}\r\n", f"\t{SECRET}\v\f"], ids=repr
)
def test_white_space_around_a_key_is_trimmed(piooy, api, monkeypatch, text):
    """A stray newline is no reason to fail."""
    monkeypatch.setenv("PIOOY_API_KEY", text)

    piooy("task", "a")

    assert sent(api) == f"Bearer {SECRET}"


BAD = [
    "canary 0123",
    "canary\t0123",
    "canary\u200b0123",
    "canary\u00a00123",
    "“canary0123”",
    "\ufeffcanary0123",
    '"canary0123"',
    "Bearer canary0123",
    "canäry0123",
    "canary\x7f0123",
    "canary\n0123",
    "canary" * 1000,
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text)[:24])
@pytest.mark.parametrize("debug", [[], ["--debug"]], ids=["", "debug"])
def test_a_malformed_key_is_refused_unseen(piooy, api, monkeypatch, text, debug):
    """Exit 4, and neither message nor trace holds it."""
    monkeypatch.setenv("PIOOY_API_KEY", text)

    ran = piooy("task", "a", *debug)

    assert (ran.code, api.log) == (4, [])
    assert "canary" not in ran.err and "canäry" not in ran.err


@pytest.mark.parametrize("text", [*BAD, "canary\x000123"], ids=lambda text: repr(text)[:24])
def test_a_malformed_key_in_a_file_is_refused_unseen(piooy, api, monkeypatch, home, text):
    """The same from a file, where a NUL can be."""
    (home / "key").write_text(text)
    monkeypatch.setenv("PIOOY_API_KEY_FILE", str(home / "key"))

    ran = piooy("task", "a", "--debug")

    assert (ran.code, api.log) == (4, [])
    assert "canary" not in ran.err


def test_the_order_of_places(piooy, api, monkeypatch, home):
    """Variable, then the file that a variable names, then what was stored."""
    piooy("config", "set-key", "--store", "file", stdin="stored-key-000000")
    piooy("task", "a")
    (home / "key").write_text("file-key-0000000\n")
    monkeypatch.setenv("PIOOY_API_KEY_FILE", str(home / "key"))
    piooy("task", "a")
    monkeypatch.setenv("PIOOY_API_KEY", "variable-key-0000")
    piooy("task", "a")

    keys = [request.headers["Authorization"].split()[1] for request, _ in api.log]
    assert keys == ["stored-key-000000", "file-key-0000000", "variable-key-0000"]


def test_a_missing_key_file_is_told(piooy, monkeypatch):
    """Exit 4, naming the variable and the path."""
    monkeypatch.setenv("PIOOY_API_KEY_FILE", "/nowhere/key")

    ran = piooy("task", "a")

    assert ran.code == 4
    assert "/nowhere/key" in ran.err


def test_a_server_that_repeats_the_key_cannot_make_us_show_it(piooy, api, monkeypatch):
    """Plain, in base64 or URL-encoded, in message, result or trace."""
    secret = "canary/+0123456789=abc"
    monkeypatch.setenv("PIOOY_API_KEY", secret)
    forms = [
        secret,
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(f"Bearer {secret}".encode()).decode(),
    ]
    echo = {"code": -1, "message": " ".join(forms)}
    api.expect_request("/api/v1/task/b").respond_with_json(echo, status=418)
    api.expect_request("/api/v1/task/c").respond_with_json(
        {"code": 0, "data": {"status": "SUCCESS", "model": forms[0], "x": forms}}
    )

    outputs = [
        piooy("task", "b", "--debug"),
        piooy("task", "c"),
        piooy("task", "c", "--json"),
        piooy("task", "c", "--raw"),
    ]

    for ran in outputs:
        assert not any(form.rstrip("=") in ran.out + ran.err for form in forms)


BACKEND = """
import time
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

class Keyring(KeyringBackend):
    priority = 1
    def get_password(self, service, account):
        {get}
    def set_password(self, service, account, password): ...
    def delete_password(self, service, account): ...
"""


@pytest.fixture
def backend(monkeypatch, home):
    """A keyring that behaves as told, in a module of its own."""
    import keyring

    def use(get):
        name = f"backend_{abs(hash(get))}"
        (home / f"{name}.py").write_text(BACKEND.format(get=get))
        monkeypatch.syspath_prepend(str(home))
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"{name}.Keyring")
        keyring.core.init_backend()
        return sys.modules[name]

    yield use
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    keyring.core.init_backend()


def test_the_keyring_is_bound_to_profile_and_host(piooy, api, backend):
    """Service `piooy`, account PROFILE@HOST."""
    host = api.url_for("").split("//")[1].strip("/")
    backend(f"return {SECRET!r} if (service, account) == ('piooy', 'default@{host}') else None")

    piooy("task", "a")

    assert sent(api) == f"Bearer {SECRET}"
    assert piooy("task", "a", "--base-url", "http://127.0.0.1:9").code == 4


def test_a_keyring_that_never_answers_is_left_after_three_seconds(piooy, backend):
    """Then it counts as absent, with a hint."""
    backend("time.sleep(30)")
    start = time.monotonic()

    ran = piooy("task", "a")

    assert ran.code == 4
    assert 2.9 < time.monotonic() - start < 5
    assert "within 3 s" in ran.err and "PIOOY_API_KEY" in ran.err


FOUND = """
from pathlib import Path
from keyring.backend import KeyringBackend
class {name}(KeyringBackend):
    priority = {priority}
    def get_password(self, service, account):
        with Path("asked").open("a") as file:
            file.write("{name} ")
        return {key!r}
    def set_password(self, service, account, password): ...
"""
SEARCH = """
import sys, first, second
import keyring.backend
keyring.backend.get_all_keyring = lambda: [first.First(), second.Second()]
from piooy_cli.__main__ import main
sys.exit(main(["task", "a", "--base-url", "http://127.0.0.1:9"]))
"""


def test_the_backend_that_answered_is_asked_first_the_next_time(home, monkeypatch):
    """Found by a search once, then remembered; what no longer has the key is searched for again."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    (home / "two-1.dist-info").mkdir()
    (home / "two-1.dist-info" / "entry_points.txt").write_text(
        "[keyring.backends]\nfirst = first\nsecond = second\n"
    )

    def run(first, second):
        (home / "first.py").write_text(FOUND.format(name="First", priority=2, key=first))
        (home / "second.py").write_text(FOUND.format(name="Second", priority=1, key=second))
        (home / "asked").unlink(missing_ok=True)
        subprocess.run([sys.executable, "-c", SEARCH], cwd=home, check=False, capture_output=True)
        return (home / "asked").read_text().split()

    memory = home.parent / "state" / "keyring"
    assert run(SECRET, None) == ["First"] and memory.read_text() == "first.First\n"
    assert run(SECRET, None) == ["First"]
    assert run(None, SECRET)[-1] in ("First", "Second")
    assert memory.stat().st_mode & 0o777 == 0o600
    memory.write_text("no.such.Backend")
    assert run(SECRET, None)[-1] == "First"
    assert memory.read_text() == "first.First\n"


@pytest.mark.parametrize("name", ["evil.Keyring", "keyring_backends_evil.K", ""])
def test_the_memory_imports_nothing_else(piooy, home, monkeypatch, name):
    """A file in the state directory that names any other module is ignored."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    for module in ("evil", "keyring_backends_evil"):
        (home / f"{module}.py").write_text("open('PWNED', 'w')\nclass Keyring: priority = 9\n")
    (home.parent / "state").mkdir()
    (home.parent / "state" / "keyring").write_text(name)
    monkeypatch.syspath_prepend(str(home))

    assert piooy("task", "a").code == 4
    assert not (home / "PWNED").exists()


def test_a_backend_that_was_named_is_not_remembered(piooy, api, backend, home):
    """The variable and keyring's own file are the user's decision."""
    backend(f"return {SECRET!r}")

    piooy("task", "a")

    assert not (home.parent / "state" / "keyring").exists()


@pytest.mark.parametrize(
    "get",
    ["raise KeyringLocked('x')", "raise SystemExit(9)", "return None", "return ''", "return 'a b'"],
)
def test_a_keyring_in_trouble_is_exit_4(piooy, backend, get):
    """Locked, leaving, empty, malformed."""
    backend(get)

    assert piooy("task", "a").code == 4


# A shell in whose place a program runs that may dump as much as it likes, if it wants to.
DUMPING = 'ulimit -S -c "$(ulimit -H -c)" && exec "$0" "$@"'


@pytest.mark.skipif(sys.platform == "win32", reason="there are no core dumps")
def test_a_crash_does_not_write_the_key(raw, monkeypatch, home):
    """With the key in memory, a signal that dumps core leaves none, wherever the system puts it."""
    asked, done = threading.Event(), threading.Event()

    def silent(connection):
        asked.set()
        done.wait(10)

    raw(silent)
    monkeypatch.setenv("PIOOY_API_KEY", SECRET)
    process = subprocess.Popen(
        ["bash", "-c", DUMPING, *PIOOY, "task", "a"], stderr=subprocess.DEVNULL
    )
    assert asked.wait(10)

    limits = Path(f"/proc/{process.pid}/limits")
    soft = (
        [line.split()[4] for line in limits.read_text().splitlines() if "core" in line]
        if limits.exists()
        else []
    )
    process.send_signal(signal.SIGQUIT)
    status = os.waitpid(process.pid, 0)[1]
    done.set()
    process.returncode = os.waitstatus_to_exitcode(status)

    assert process.returncode == -signal.SIGQUIT
    assert not os.WCOREDUMP(status) and not list(home.glob("*core*"))
    assert soft in ([], ["1"], ["0"])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no core dumps")
def test_a_typed_key_is_not_dumped_either(home):
    """`config set-key` lowers the limit before it reads."""
    code = f"import resource, sys\nfrom piooy_cli.__main__ import main\nmain({['config', 'set-key', '--store', 'file']})\nprint(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    ran = subprocess.run(["bash", "-c", DUMPING, sys.executable, "-c", code], input=SECRET, capture_output=True, text=True, check=True)  # fmt: skip

    assert ran.stdout.strip() in ("0", "1")
