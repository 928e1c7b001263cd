"""Writing to Piooy's support, also about a task; no key is sent."""

from pathlib import PurePath
from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import StillRunning, UsageError
from piooy_cli.domain.models import SavedFile

if TYPE_CHECKING:
    from piooy_cli.ledger.records import OrderDetails

_LONGEST_PROMPT = 1000


async def send_message(context: Context, email: str, text: str) -> None:
    """Send `text`, with `email` for the reply. Raises PiooyError if it was not accepted."""
    async with context.api(signed=False) as api:
        await api.contact(email, text)


def report_of(order: "OrderDetails", message: str) -> str:
    """Return a message about a task: what was ordered, what became of it, and the user's words."""
    task = order.task
    made = f"{task.media or 'task'}, model {task.model or 'unknown'}"
    lines = [f"About task {task.id or order.ref} ({made}, provider {task.provider or 'unknown'})."]
    if task.created_at:
        lines.append(f"Sent {task.created_at:%Y-%m-%d %H:%M} UTC; its status is {task.status}.")
    if task.failure and task.failure.message:
        lines.append(f"Reason given: {task.failure.message}")
    lines += _mismatches(order)
    if task.options:
        sent = ", ".join(
            f"{key}={value}" for key, value in task.options.items() if _is_short(value)
        )
        lines.append(f"Options: {sent}")
    if task.prompt:
        lines.append(f"Prompt: {task.prompt[:_LONGEST_PROMPT]}")
    return "\n".join([*lines, *(["", message] if message else [])])


def confirm_message(context: Context, text: str, yes: bool) -> None:
    """Show a message, and ask. Raises UsageError off a terminal, StillRunning if declined."""
    for line in text.splitlines():
        context.output.note(line)
    if yes:
        return
    if not context.interactive:
        raise UsageError("the message above was not sent", "pass --yes to send it")
    if not context.output.ask("Send this message?"):
        raise StillRunning("declined; nothing was sent")


def _mismatches(order: "OrderDetails") -> list[str]:
    from piooy_cli.tasks.delivered import sentence

    def told(file: SavedFile) -> list[str]:
        name = PurePath(file.path).name
        checks = file.delivery.mismatches if file.delivery else ()
        return [f"Not as ordered: {sentence(check, name, order.task.id)}." for check in checks]

    return [line for file in order.files for line in told(file)]


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) and len(str(value)) <= 80
