"""More than ten paid tasks at once want a person's word."""

from piooy_cli.errors import StillRunning, UsageError
from piooy_cli.session import Session

_ASK_ABOVE = 10


def consent(session: Session, count: int, yes: bool) -> None:
    """Return where it is given. Raises UsageError off a terminal, StillRunning at a no."""
    if count <= _ASK_ABOVE or yes:
        return
    if not session.interactive:
        raise UsageError(
            f"{count} tasks at once are charged {count} times", "--yes says that it is meant"
        )
    if not session.output.ask(f"Send {count} tasks? Each is charged."):
        raise StillRunning("declined; nothing was sent")
