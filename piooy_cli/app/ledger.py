"""Opening the ledger of the account that the settings name."""

from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.ledger.sqlite.database import LEDGER_FILE
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

if TYPE_CHECKING:
    from piooy_cli.config.settings import Settings
    from piooy_cli.ledger.store import OrderStore


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
