"""When to look at a task next: early once, then as its typical time suggests. Pure."""

from collections.abc import Callable
from typing import NamedTuple


class Pace(NamedTuple):
    """Seconds between looks. `fixed`: what a person insists on."""

    first: float = 2.0
    floor: float = 1.0
    ceiling: float = 20.0
    fixed: float | None = None

    def next_pause(
        self, elapsed: float, typical: float, uniform: Callable[[float, float], float]
    ) -> float:
        """Seconds from now to the next look at a task `elapsed` seconds old.

        Once early; then a twentieth of its typical time, or a tenth of its age where it is late,
        within floor and ceiling, a tenth of jitter either way.
        """
        if self.fixed is not None:
            return self.fixed
        if elapsed < self.first / 2:
            return (self.first - elapsed) * uniform(0.9, 1.1)
        step = max(typical / 20, elapsed / 10)
        return min(max(step, self.floor), self.ceiling) * uniform(0.9, 1.1)
