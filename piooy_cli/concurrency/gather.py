"""Running work on many items concurrently, up to a limit; one error does not stop the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from piooy_cli.domain.errors import Interrupted, PiooyError

Item = TypeVar("Item")
Done = TypeVar("Done")


class _Enough(Exception):
    """The first success has come, and no other is needed."""


async def run_concurrently(
    work: Callable[[Item], Awaitable[Done]],
    items: Iterable[Item] | AsyncIterator[Item],
    *,
    at_once: int,
    failed: Callable[[PiooyError], None] = lambda error: None,
    until_first: bool = False,
) -> tuple[list[Done], list[PiooyError]]:
    """Apply `work` to every item; one item's PiooyError does not stop the others.

    With `until_first`, the first success stops all. Work on the first item starts before the last
    one exists. Errors are raised as they are, never inside an ExceptionGroup.
    """
    done: list[Done] = []
    errors: list[PiooyError] = []
    slots = asyncio.Semaphore(at_once)

    async def one(item: Item) -> None:
        try:
            done.append(await work(item))
            if until_first:
                raise _Enough
        except PiooyError as error:
            if error.stops_all:
                raise
            failed(error)
            errors.append(error)
        finally:
            slots.release()

    try:
        async with asyncio.TaskGroup() as group:
            async for item in _each(items):
                await slots.acquire()
                group.create_task(one(item))
    except BaseExceptionGroup as several:
        if not until_first or several.split(_Enough)[1]:
            first, *others = several.exceptions
            for other in others:
                if isinstance(other, PiooyError) and not isinstance(other, Interrupted):
                    failed(other)
            raise first from None
    return done, errors


async def _each(items: Iterable[Item] | AsyncIterator[Item]) -> AsyncIterator[Item]:
    if isinstance(items, AsyncIterator):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
