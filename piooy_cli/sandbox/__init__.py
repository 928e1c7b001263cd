"""The Piooy API on this machine: inside the process for `--sandbox`, on a port for `serve`.

Written from the published API description alone: it shares no code with the client.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from piooy_cli.errors import StorageRefused, UsageError
from piooy_cli.places import private_directory
from piooy_cli.settings import is_loopback

_STATE = "sandbox.sqlite3"
_MISSING = "`pip install 'piooy[sandbox]'` installs it"


def sandbox_app(state: Path, speed: float = 1) -> Any:
    """The ASGI application with its tasks in `state`. Raises UsageError without the extra."""
    try:
        from piooy_cli.sandbox.app import application
    except ImportError as error:
        raise UsageError(
            f"the sandbox is not installed ({error.name} is missing)", _MISSING
        ) from None
    return application(private_directory(state) / _STATE, speed)


def serve(state: Path, host: str, port: int, speed: float, note: Callable[[str], None]) -> None:
    """Serve until a signal. Raises UsageError where host or port cannot be had."""
    if not is_loopback(host):
        raise UsageError(
            f"--host {host}: only this machine's own addresses are served", "such as 127.0.0.1"
        )
    if speed <= 0:
        raise UsageError(f"--speed {speed:g} is not more than 0")
    app = sandbox_app(state, speed)
    try:
        from piooy_cli.sandbox.server import run
    except ImportError as error:
        raise UsageError(
            f"the sandbox's server is not installed ({error.name} is missing)", _MISSING
        ) from None
    run(app, host, port, note)


def reset(state: Path) -> None:
    """Forget every task."""
    for name in (_STATE, f"{_STATE}-journal"):
        try:
            (state / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageRefused(f"cannot remove {state / name}: {error.strerror}") from None
