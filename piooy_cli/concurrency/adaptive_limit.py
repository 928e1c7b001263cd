"""How many orders may be under way at once: half as many after a 429, one more as they succeed."""

import asyncio
import time
from collections import deque


class AdaptiveLimit:
    """Room for `most` at first. Whoever has to wait for a seat gets one in the order of asking."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = most
        self.taken = 0
        self.moves = 0  # orders that were taken, or ended, so far
        self._successes = 0
        self._halved_at = float("-inf")
        self._queue: deque[asyncio.Future[None]] = deque()
        self._again: deque[asyncio.Future[None]] = deque()

    async def slot(self) -> "Slot":
        """A slot, as soon as there is one."""
        slot = Slot(self)
        await slot.acquire()
        return slot

    def on_accepted(self) -> None:
        """An order was taken: after a run of these there is room for one more."""
        self.moves += 1
        self._successes += 1
        if self._successes >= self.size and self.size < self.most:
            self.size += 1
            self._successes = 0
            self._wake()

    def on_ended(self) -> None:
        """Note that a task ended: whoever waits after a 429 may try again."""
        self.moves += 1

    def on_rate_limited(self, sent_at: float) -> None:
        """A 429. Orders that left together are one sign of it, not many. `sent_at`: monotonic."""
        if sent_at > self._halved_at:
            self._halved_at = time.monotonic()
            self.size = max(self.size // 2, 1)
            self._successes = 0

    async def enter(self) -> None:
        """Take a place, after all who ask for one again."""
        if self.taken >= self.size or self._queue or self._again:
            await self._turn(self._queue)
        else:
            self.taken += 1

    async def enter_again(self) -> None:
        """Give a place back for one that comes later, before anybody who asks for the first time.

        Else new rows would come while old ones wait, until all there is room for are waiting.
        """
        self.taken -= 1
        if self.taken >= self.size or self._again:
            await self._turn(self._again)
        else:
            self.taken += 1

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1
        self._wake()

    async def _turn(self, queue: "deque[asyncio.Future[None]]") -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._wake()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def _wake(self) -> None:
        while self.taken < self.size and (queue := self._again or self._queue):
            turn = queue.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(None)


class Slot:
    """One order's place in a window."""

    def __init__(self, limit: AdaptiveLimit) -> None:
        self.limit = limit
        self._seen = limit.moves
        self._held = False

    async def acquire(self) -> None:
        """Return once it is held."""
        await self.limit.enter()
        self._held = True

    def release(self) -> None:
        """Others may have it; harmless where it is not held."""
        if self._held:
            self._held = False
            self.limit.leave()

    async def requeue(self, sent_at: float) -> None:
        """After a 429: let others go first, of whom there will be fewer at once."""
        self.limit.on_rate_limited(sent_at)
        self._held = False
        await self.limit.enter_again()
        self._held = True

    def may_progress(self) -> bool:
        """Whether something has moved since the last time, or still may: tries count anew."""
        moved = self.limit.moves != self._seen
        self._seen = self.limit.moves
        return moved or self.limit.taken > 1
