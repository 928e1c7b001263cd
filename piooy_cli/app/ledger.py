"""Opening the ledger of one account, as the settings ask for it."""

from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.ledger.sqlite.database import LEDGER_FILE
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits
from piooy_cli.ledger.sqlite.store import SqliteOrderStore

if TYPE_CHECKING:
    from piooy_cli.config.settings import Settings
    from piooy_cli.ledger.store import OrderStore


def ledger_path(state: Path) -> Path:
    """Where the ledger of a state directory is, or would be."""
    return state / LEDGER_FILE


def ledger_exists(state: Path) -> bool:
    """Whether there is a ledger. Where that cannot be read it may be, and opening it says why."""
    try:
        return ledger_path(state).exists()
    except OSError:
        return True


def open_store(state: Path, account: str, settings: "Settings") -> "OrderStore":
    """The ledger, created where there is none. Raises StorageRefused or Busy."""
    spending = SpendingLimits(settings.limit, settings.cap)
    return SqliteOrderStore(
        state, account, keeps_prompts=settings.history_prompts, spending=spending
    )
