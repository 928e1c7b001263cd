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
    one = count == 1
    if not context.interactive:
        what = "1 task would be charged" if one else f"{count} tasks would be charged {count} times"
        raise UsageError(what, "pass --yes to confirm")
    if not context.output.ask(
        "Send it? It is charged." if one else f"Send {count} tasks? Each is charged."
    ):
        raise StillRunning("declined; nothing was sent")
