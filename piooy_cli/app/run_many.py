"""How a run of one or many items goes and ends: told one by one, and one exit code for all."""

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
    """Apply `work` to every item, tell each error as it comes, raise what the whole ends with.

    A single item ends with its own error, several with the strongest. `resume`: options of the
    `wait` that goes on with what still runs.
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
    """Of an error that was read by now: a million of them, with their frames, are all of memory."""
    error.message, error.args = "", ()
    error.__cause__ = error.__context__ = error.__traceback__ = None
