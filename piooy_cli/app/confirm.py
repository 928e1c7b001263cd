"""Asking for confirmation before more than ten charges at once."""

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import StillRunning, UsageError

_ASK_ABOVE = 10


def confirm_charges(context: Context, count: int, yes: bool) -> None:
    """Return if the user agrees. Raises UsageError off a terminal, StillRunning if declined."""
    if count > _ASK_ABOVE:
        ask_charges(context, count, yes)


def ask_charges(context: Context, count: int, yes: bool) -> None:
    """Ask, whatever the count, unless `yes`. Raises like `confirm_charges`."""
    if yes:
        return
    if not context.interactive:
        raise UsageError(f"{count} tasks would be charged {count} times", "pass --yes to confirm")
    if not context.output.ask(f"Send {count} tasks? Each is charged."):
        raise StillRunning("declined; nothing was sent")
