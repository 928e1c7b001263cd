"""Resolving results that are inputs, when their order is sent: each to an address that works."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from piooy_cli.domain.errors import NotFound, TaskFailed, UsageError
from piooy_cli.domain.inputs import (
    OPTIONS,
    OrderInput,
    ResultRef,
    fitting,
    inputs_of,
    with_addresses,
)
from piooy_cli.domain.models import Asset, Kind, Order, Task

_FRESH = 300  # seconds for which renewed addresses are used again
_ARTICLES = {Kind.IMAGE: "a picture", Kind.VIDEO: "a video", Kind.AUDIO: "a sound"}

Finish = Callable[[Task], Awaitable[Task]]
Renew = Callable[[str], Awaitable[Task]]
TaskOfRow = Callable[[str], str]
SavedFileOf = Callable[[str, int], tuple[str, str] | None]


class ResolvedOrder(NamedTuple):
    """An order as it is sent, and the results that it is made from."""

    order: Order
    inputs: Sequence[OrderInput] = ()


class InputResolver:
    """Waits for the tasks whose results an order needs, and renews their addresses.

    `finish` waits for a task, `renew` reads it with new addresses, `saved_file` tells where a file
    of it is, and `task_of_row` names the task of a row of the batch.
    """

    def __init__(self, finish: Finish, renew: Renew, saved_file: SavedFileOf) -> None:
        self._finish = finish
        self._renew = renew
        self._saved_file = saved_file
        self._renewed: dict[str, tuple[float, Task]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.task_of_row: TaskOfRow = _no_row

    async def resolved(self, order: Order) -> ResolvedOrder:
        """Return the order with addresses instead of results. Raises how a task ended."""
        addresses: dict[str, str] = {}
        inputs = []
        for one in inputs_of(order):
            ref = one.ref
            if ref.row:
                ref = ref._replace(task=self.task_of_row(ref.row), row="")
            if ref.last_frame:
                addresses[str(one.ref)] = await self._last_frame(ref)
            else:
                asset = fitting_asset(await self._task(ref.task), ref.n, one.option)
                addresses[str(one.ref)], ref = asset.url, ref._replace(n=asset.n)
            inputs.append(one._replace(ref=ref))
        return ResolvedOrder(with_addresses(order, addresses) if inputs else order, inputs)

    async def _last_frame(self, ref: ResultRef) -> str:
        from piooy_cli.tasks.last_frame import last_frame

        saved = self._saved_file(ref.task, ref.n or 1)
        if saved is None:
            raise NotFound(f"task {ref.task}: its video is not saved on this disk")
        return await asyncio.to_thread(last_frame, Path(saved[0]))

    async def _task(self, task_id: str) -> Task:
        """Return the task with addresses that were renewed lately. Children share one request."""
        async with self._locks.setdefault(task_id, asyncio.Lock()):
            renewed, task = self._renewed.get(task_id, (0.0, Task(task_id)))
            if not renewed or time.monotonic() - renewed > _FRESH:
                await self._finish(task)
                task = await self._renew(task_id)
                self._renewed[task_id] = (time.monotonic(), task)
        if not task.succeeded:
            raise TaskFailed(f"task {task_id} is {task.status}; it has no result to use")
        return task


def fitting_asset(task: Task, n: int | None, option: str) -> Asset:
    """Return the asset of a finished task that an option needs. Raises NotFound or UsageError."""
    kind = OPTIONS[option]
    asset = fitting(task.assets, n, kind)
    if asset is None and n:
        count = len(task.assets)
        files = "file" if count == 1 else "files"
        raise NotFound(f"task {task.id} has {count} {files}; there is no #{n}")
    if asset is None:
        raise UsageError(f"task {task.id} has no {kind.value} among its results")
    if asset.kind not in (kind, Kind.OTHER):
        is_one = _ARTICLES.get(asset.kind, "another file")
        raise UsageError(
            f"file {asset.n} of task {task.id} is {is_one}; {_ARTICLES[kind]} is needed"
        )
    return asset


def _no_row(key: str) -> str:
    raise NotFound(f"there is no row {key!r}")
