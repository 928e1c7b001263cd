"""How many orders may be under way at once: half as many after a 429, one more as they succeed."""

import asyncio
import time
from collections import deque


class AdaptiveLimit:
    """A limit that starts at `most`. Slots are given out in the order of the requests."""

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
        """Return a slot as soon as one is free."""
        slot = Slot(self)
        await slot.acquire()
        return slot

    def on_accepted(self) -> None:
        """Note an accepted order; after a run of them the limit grows by one."""
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
        """Halve the limit after a 429, once for all orders sent together. `sent_at`: monotonic."""
        if sent_at > self._halved_at:
            self._halved_at = time.monotonic()
            self.size = max(self.size // 2, 1)
            self._successes = 0

    async def enter(self) -> None:
        """Take a place, after all that wait to enter again."""
        if self.taken >= self.size or self._queue or self._again:
            await self._turn(self._queue)
        else:
            self.taken += 1

    async def enter_again(self) -> None:
        """Give a place back, and take one later, before any newcomer.

        Otherwise new rows would start while old ones wait, until waiting ones hold every place.
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
    """One order's place in the limit."""

    def __init__(self, limit: AdaptiveLimit) -> None:
        self.limit = limit
        self._seen = limit.moves
        self._held = False

    async def acquire(self) -> None:
        """Wait until the place is held."""
        await self.limit.enter()
        self._held = True

    def release(self) -> None:
        """Give the place back; harmless if it is not held."""
        if self._held:
            self._held = False
            self.limit.leave()

    async def requeue(self, sent_at: float) -> None:
        """Let others go first after a 429; there will be fewer at once."""
        self.limit.on_rate_limited(sent_at)
        self._held = False
        await self.limit.enter_again()
        self._held = True

    def may_progress(self) -> bool:
        """Whether an order was accepted or ended since the last call, or still may."""
        moved = self.limit.moves != self._seen
        self._seen = self.limit.moves
        return moved or self.limit.taken > 1
