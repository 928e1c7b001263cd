"""Rows that wait for the results of other rows in this run."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from piooy_cli.batch.row_links import parents_of
from piooy_cli.batch.rows import BatchRow


class ParentState(Enum):
    """What a row can expect of one that it is made from."""

    READY = "ready"
    AWAITED = "awaited"
    LACKING = "lacking"  # failed or in doubt: there is no result in this run


class ReadyRow(NamedTuple):
    """A row that waits no more; `lacks`: the row whose result it will not get."""

    row: BatchRow
    lacks: str | None = None


class WaitingRows:
    """Holds rows back until the rows that they are made from have ended.

    `state_of` says what is known of a row, by its key.
    """

    def __init__(self, state_of: Callable[[str], ParentState]) -> None:
        self._state_of = state_of
        self._by_parent: dict[str, list[BatchRow]] = {}
        self._ready: deque[ReadyRow] = deque()
        self._left_out: set[str] = set()
        self._changed = asyncio.Event()
        self._in_progress = 0

    def take(self, row: BatchRow) -> ReadyRow | None:
        """Return a row that can go on; None if it waits from now on."""
        awaited = None
        for parent in parents_of(row):
            state = self._state_of(parent)
            if state is ParentState.LACKING or parent in self._left_out:
                return ReadyRow(row, parent)
            if state is ParentState.AWAITED:
                awaited = awaited or parent
        if awaited is None:
            return ReadyRow(row)
        self._by_parent.setdefault(awaited, []).append(row)
        return None

    def began(self) -> None:
        """Count a row as in progress."""
        self._in_progress += 1

    def ended(self) -> None:
        """Count a row as no longer in progress."""
        self._in_progress -= 1
        self._changed.set()

    def leave_out(self, row: BatchRow) -> None:
        """Note that a row has no result in this run; those that wait for it go on without."""
        self._left_out.add(row.key)
        self.look_again(row.key)

    def look_again(self, parent: str) -> None:
        """Release the rows that waited for this one, as far as they wait for no other."""
        for row in self._by_parent.pop(parent, []):
            if ready := self.take(row):
                self._ready.append(ready)
        self._changed.set()

    def released(self) -> ReadyRow | None:
        """Return a row that has become ready, if there is one."""
        return self._ready.popleft() if self._ready else None

    async def next(self) -> ReadyRow | None:
        """Wait for a row to become ready; None once no row in progress could release one."""
        while self._by_parent and not self._ready and self._in_progress:
            self._changed.clear()
            await self._changed.wait()
        return self.released()
