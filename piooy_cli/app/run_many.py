"""Running one or many items: errors are reported one by one, and one exit code covers all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import (
    PiooyError,
    SomeFailed,
    StillRunning,
    exit_code_of,
)
from piooy_cli.domain.events import Failed
from piooy_cli.domain.hints import continue_command

Item = TypeVar("Item")
_AT_ONCE = 10_000  # tasks that wait; requests are bounded by the API's own workers


async def run_many(
    context: Context,
    work: Callable[[Item], Awaitable[object]],
    items: Iterable[Item] | AsyncIterator[Item | PiooyError],
    *,
    at_once: int = _AT_ONCE,
    until_first: bool = False,
    resume: tuple[str, ...] = (),
) -> None:
    """Apply `work` to every item, report each error as it occurs, raise the one that counts.

    A single item ends with its own error, several with SomeFailed. `resume`: options of the `wait`
    command that continues with the tasks still running.
    """
    from piooy_cli.concurrency.gather import run_concurrently

    count = 0

    async def counted(item: Item | PiooyError) -> None:
        nonlocal count
        count += 1
        if isinstance(item, PiooyError):
            raise item
        await work(item)

    def failed(error: PiooyError) -> None:
        if count > 1 and isinstance(error, StillRunning):
            error.hints = []  # one for all, at the end: a thousand may run out of time at once
        context.tell(Failed(error))
        if count > 1:
            _lighten(error)

    done, errors = await run_concurrently(
        counted, items, at_once=at_once, failed=failed, until_first=until_first
    )
    if errors and not (done and until_first):
        raise errors[0] if count == 1 else _several(context, errors, count, resume)


def _several(
    context: Context, errors: list[PiooyError], items: int, resume: tuple[str, ...]
) -> SomeFailed:
    running = [
        error.task_id for error in errors if isinstance(error, StillRunning) and error.task_id
    ]
    code = exit_code_of([error.code for error in errors], len(errors), items)
    hint = continue_command(running, resume, context.ledger.find) if running else ""
    return SomeFailed(f"{len(errors)} of {items} failed", code, hint)


def _lighten(error: PiooyError) -> None:
    """Drop the traceback of a reported error: a million of them would fill the memory."""
    error.message, error.args = "", ()
    error.__cause__ = error.__context__ = error.__traceback__ = None
