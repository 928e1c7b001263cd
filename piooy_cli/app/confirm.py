"""More than ten paid tasks at once want a person's word."""

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import StillRunning, UsageError

_ASK_ABOVE = 10


def confirm_charges(context: Context, count: int, yes: bool) -> None:
    """Return where it is given. Raises UsageError off a terminal, StillRunning at a no."""
    if count <= _ASK_ABOVE or yes:
        return
    if not context.interactive:
        raise UsageError(
            f"{count} tasks at once are charged {count} times", "--yes says that it is meant"
        )
    if not context.output.ask(f"Send {count} tasks? Each is charged."):
        raise StillRunning("declined; nothing was sent")
