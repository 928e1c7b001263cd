"""Opening what a run depends on: the ledger of its account, and the service."""

from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.ledger.sqlite.database import LEDGER_FILE
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

if TYPE_CHECKING:
    from piooy_cli.config.settings import Settings
    from piooy_cli.ledger.store import OrderStore
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


def ledger_path(state: Path) -> Path:
    """Return the path of the ledger in a state directory."""
    return state / LEDGER_FILE


def ledger_exists(state: Path) -> bool:
    """Whether there may be a ledger; if that cannot be read, opening it reports why."""
    try:
        return ledger_path(state).exists()
    except OSError:
        return True


def open_store(state: Path, account: str, settings: "Settings") -> "OrderStore":
    """Open the ledger, creating it if needed. Raises StorageRefused or Busy."""
    spending = SpendingLimits(settings.limit, settings.cap)
    return SqliteOrderStore(
        state, account, keeps_prompts=settings.history_prompts, spending=spending
    )
