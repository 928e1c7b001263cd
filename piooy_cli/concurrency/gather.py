"""Many at once, so many at a time: errors are kept as values, and Ctrl-C stops all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

from piooy_cli.domain.errors import Interrupted, PiooyError

Item = TypeVar("Item")
Done = TypeVar("Done")


class _Enough(Exception):
    """The first success came, and no other is wanted."""


async def run_concurrently(
    work: Callable[[Item], Awaitable[Done]],
    items: Iterable[Item] | AsyncIterator[Item],
    *,
    at_once: int,
    failed: Callable[[PiooyError], None] = lambda error: None,
    until_first: bool = False,
) -> tuple[list[Done], list[PiooyError]]:
    """Apply `work` to every item; one item's PiooyError does not stop the others.

    With `until_first` the first success stops all. Items are taken as they come, so work on the
    first starts before the last one exists. A task group's ExceptionGroup would slip through
    `except PiooyError`: here it cannot.
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
