"""A deadline that also passes while a laptop sleeps."""

import time


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
