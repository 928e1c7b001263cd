"""Reaching the service: over HTTP with the key, or inside this process for `--sandbox`."""

from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.api.http import HttpClient

if TYPE_CHECKING:
    from piooy_cli.api.recording import Recorder
    from piooy_cli.concurrency.limits import Limits
    from piooy_cli.config.settings import Settings


def open_http(
    settings: "Settings",
    state: Path,
    key: str | None,
    limits: "Limits",
    record: tuple[Path, list[str]] | None,
) -> HttpClient:
    """Return the HTTP client of this run. `key`: None to send none.

    `record`: the file that requests and responses are written to, and the secrets to leave out.
    """
    recorder = _recorder(*record) if record else None
    if not settings.sandbox:
        return HttpClient(settings.base_url, key, limits, None, recorder)
    from piooy_cli.sandbox.launch import sandbox_app

    return HttpClient(settings.base_url, "sandbox", limits, sandbox_app(state), recorder)


def _recorder(path: Path, secrets: list[str]) -> "Recorder":
    from piooy_cli.api.recording import Recorder

    return Recorder(path, secrets)
