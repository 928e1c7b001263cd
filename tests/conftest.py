"""The stage: an empty home, a served sandbox, a server for bad days, and `piooy` to call."""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from production import SPRING
from pytest_httpserver import HTTPServer

from piooy_cli.__main__ import main
from piooy_cli.app.context import Context
from piooy_cli.concurrency.limits import Limits
from piooy_cli.tasks.poll_schedule import Pace

# Four workers share two cores: how long a draw takes says nothing.
settings.register_profile("piooy", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("piooy")
KEY = "test-key-0123456789abcdef"
QUICK = Limits(
    connect=2,
    post_write=2,
    post_read=4,  # four workers on two cores: a server may be late by seconds
    post_whole=6,
    asset_late=0.5,
    get_read=2,
    get_whole=3,
    backoff_base=0.02,
    backoff_cap=0.1,
    limit_base=0.02,
    limit_cap=0.1,
    fresh_grace=1,
    poll_rate=1000,
    poll_burst=1000,
    asset_idle=2,
)
_PIOOY = [sys.executable, "-m", "piooy_cli"]
BRISK = Pace(early=0.05, floor=0.05, ceiling=0.1)


@dataclass
class Ran:
    """What one run of piooy did."""

    code: int
    bytes: bytes
    err: str

    @property
    def out(self) -> str:
        """What stdout got, as text."""
        return self.bytes.decode()

    @property
    def lines(self) -> list[str]:
        """Results."""
        return self.out.splitlines()

    @property
    def json(self) -> list[dict[str, Any]]:
        """Print results as JSON Lines."""
        return [json.loads(line) for line in self.lines]

    @property
    def error(self) -> dict[str, Any]:
        """The last line of stderr as the error object of --json."""
        return json.loads(self.err.splitlines()[-1])["error"]


class _Stream(io.TextIOWrapper):
    """A standard stream in memory."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8", write_through=True)

    @property
    def content(self) -> bytes:
        """All that was written."""
        return self.buffer.getvalue()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home and working directory: nothing of the developer's machine leaks in."""
    for name in list(os.environ):
        if name.startswith(("PIOOY_", "XDG_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "SSL_CERT_FILE",
    ):
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIOOY_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PIOOY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PIOOY_METADATA", "none")  # most tests compare what came with what is saved
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return work


@pytest.fixture
def piooy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Call piooy as a shell would, in this process, with quick retries and polls."""

    def run(
        *arguments: str,
        stdin: str | bytes = b"",
        numbers: Limits = QUICK,
        pace: Pace = BRISK,
    ) -> Ran:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = _Stream(), _Stream()
        monkeypatch.setattr(sys, "stdin", _Stream(content))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        code = main(list(arguments), Context(limits=numbers, pace=pace))
        return Ran(code, out.content, err.content.decode())

    return run


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `piooy sandbox serve`, a real process with tasks a hundred times as fast."""
    place = tmp_path_factory.mktemp("served")
    command = [
        sys.executable,
        "-m",
        "piooy_cli",
        "sandbox",
        "serve",
        "--port",
        "0",
        "--speed",
        "3000",
    ]
    environ = os.environ | {"PIOOY_STATE_DIR": str(place), "PIOOY_CONFIG_DIR": str(place)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        ready = process.stderr.readline()
        yield ready.split("PIOOY_BASE_URL=")[1].split()[0]
        process.terminate()


@pytest.fixture
def serve(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Start sandboxes with options; the last one is where `piooy` goes."""
    processes: list[subprocess.Popen[str]] = []

    def start(*options: str) -> str:
        command = [*_PIOOY, "sandbox", "serve", "--port", "0", "--speed", "3000", *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stderr is not None
        ready = process.stderr.readline()
        assert "PIOOY_BASE_URL=" in ready, ready
        url = ready.split("PIOOY_BASE_URL=")[1].split()[0]
        monkeypatch.setenv("PIOOY_BASE_URL", url)
        monkeypatch.setenv("PIOOY_API_KEY", KEY)
        return url

    yield start
    for process in processes:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def spring(home: Path) -> Callable[..., None]:
    """The production `spring.toml`, and a way to change it."""
    path = home / "spring.toml"
    path.write_text(SPRING)

    def change(old: str = "", new: str = "") -> None:
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


@pytest.fixture
def free_port() -> int:
    """A port of this machine that no one listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def sandbox(served: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The served sandbox, with a key in the environment."""
    monkeypatch.setenv("PIOOY_BASE_URL", served)
    monkeypatch.setenv("PIOOY_API_KEY", KEY)
    return served


@pytest.fixture(scope="session")
def make_httpserver() -> Iterator[HTTPServer]:
    """A thread for each connection: one that a stopped run left open holds up no other test."""
    with HTTPServer(host="localhost", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def api(httpserver: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The API on a bad day: pytest-httpserver, with a key in the environment."""
    monkeypatch.setenv("PIOOY_BASE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("PIOOY_API_KEY", KEY)
    return httpserver


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., "RawServer"]]:
    """A server that may misbehave in any way: give it a function from socket to nothing."""
    servers: list[RawServer] = []

    def start(behave: Callable[[Any], None], *, is_api: bool = True) -> RawServer:
        server = RawServer(behave)
        servers.append(server)
        monkeypatch.setenv("PIOOY_API_KEY", KEY)
        if is_api:
            monkeypatch.setenv("PIOOY_BASE_URL", server.url)
        else:  # a host of assets beside the API, on this machine
            monkeypatch.setenv("PIOOY_ALLOW_PRIVATE_ASSETS", "1")
        return server

    yield start
    for server in servers:
        server.close()


class RawServer:
    """Hands each connection to `behave`, and remembers what it read."""

    def __init__(self, behave: Callable[[Any], None]) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._behave = behave
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Any) -> None:
        with connection:
            connection.settimeout(10)
            try:
                self._behave(connection)
            except OSError:
                return
