"""When to retry and when to give up: jitter, Retry-After, gate, token bucket, deadlines."""

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping

_SAME_MOMENT = 1.0  # seconds in which the answers to polls sent together arrive


class Deadline:
    """A point in time by the monotonic and the wall clock, whichever is further on.

    The monotonic clock stands still while a laptop sleeps; the wall clock can be set back.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._monotonic = time.monotonic()
        self._wall = time.time()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return max(time.monotonic() - self._monotonic, time.time() - self._wall)

    @property
    def left(self) -> float:
        """Seconds until it passes; negative afterwards."""
        return self.seconds - self.elapsed

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return self.left <= 0


_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)


def uniform(low: float, high: float) -> float:
    """Return a random number in between, by the system's source: cron hosts must not agree."""
    return low + (high - low) * int.from_bytes(os.urandom(7), "big") / (1 << 56)


def full_jitter(
    attempt: int, base: float, cap: float, between: Callable[[float, float], float] = uniform
) -> float:
    """Return the pause in seconds before try number `attempt` (from 1), doubling its bound."""
    highest = min(cap, base * 2 ** min(attempt - 1, 32))
    return between(0, highest)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds of Retry-After, clamped to 1..300; None if it is absent or invalid."""
    text = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(text):
        return min(max(float(text), 1.0), 300.0)
    if now is None:  # the server's clock may differ from ours
        now = _timestamp(headers.get("date", "")) or time.time()
    moment = _timestamp(text)
    return None if moment is None else min(max(moment - now, 1.0), 300.0)


def _timestamp(text: str) -> float | None:
    """Parse an HTTP date into Unix seconds; None if it is not one."""
    from email.utils import parsedate_to_datetime  # only where a server sends a date

    if "," not in text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


class PauseGate:
    """A gate that closes for all workers when the server asks one of them to wait."""

    def __init__(self) -> None:
        self._opens_at = 0.0

    def close_for(self, seconds: float) -> None:
        """Close the gate for `seconds`; a longer time that was set earlier stands."""
        self._opens_at = max(self._opens_at, time.monotonic() + seconds)

    @property
    def is_open(self) -> bool:
        """Whether the gate is open."""
        return self._opens_at <= time.monotonic()

    async def passed(self, deadline: "Deadline | None" = None) -> None:
        """Return once the gate is open, or `deadline` has passed."""
        # It may be closed again while we wait, for longer: an event would open too soon.
        while (pause := self._opens_at - time.monotonic()) > 0:
            left = deadline.left if deadline else pause
            if left <= 0:
                return
            await asyncio.sleep(min(pause, left))


class TokenBucket:
    """At most `rate` per second over time and `burst` at once; fewer after a 429.

    Tokens are given out in the order of the calls.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self._full = self.rate = rate
        self._burst = burst
        self._next = 0.0
        self._slowed_at = float("-inf")

    async def take(self, deadline: "Deadline") -> bool:
        """Wait for a token; return False if it would come after `deadline`."""
        now = time.monotonic()
        turn = max(self._next, now - (self._burst - 1) / self.rate)
        if turn - now > max(deadline.left, 0):
            return False
        self._next = turn + 1 / self.rate
        if turn > now:
            await asyncio.sleep(turn - now)
        return True

    def slower(self, now: float | None = None) -> None:
        """Lower the rate after a 429; several of the same second are one sign of it."""
        now = time.monotonic() if now is None else now
        if now - self._slowed_at >= _SAME_MOMENT:
            self._slowed_at = now
            self.rate = max(self.rate / 2, self._full / 64)

    def recover(self) -> None:
        """Raise the rate again after a success."""
        self.rate = min(self.rate + self._full / 50, self._full)
