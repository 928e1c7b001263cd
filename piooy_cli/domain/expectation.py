"""How long a run is expected to take, estimated from past runs. Pure."""

import math
from typing import NamedTuple

_SURPRISE_SPREAD = 1.2


LOGISTIC_SCALE = math.sqrt(3) / math.pi  # from a standard deviation to the scale of a logistic


class Expectation(NamedTuple):
    """How long a run takes: log-logistic around `middle` seconds, from `runs` past runs.

    `spread`: the scale of the logarithm. Log-logistic, since its hazard falls in the tail: the
    longer a task is overdue, the less a single second of it matters.
    """

    middle: float
    spread: float
    runs: int = 0

    def finished(self, age: float) -> float:
        """Return the share of runs that have ended by `age`, 0 to 1."""
        return 1 - _still_running(age, self.middle, self.spread)

    def at(self, share: float) -> float:
        """Return the age by which this share of runs has ended."""
        return float(self.middle * (share / (1 - share)) ** self.spread)

    def left(self, age: float) -> float:
        """Return the seconds until half of the runs still going at `age` have ended."""
        half = max(_still_running(age, self.middle, self.spread), 1e-12) / 2
        return max(float(self.middle * ((1 - half) / half) ** self.spread) - age, 0)

    def hazard(self, age: float) -> float:
        """Return the hazard at `age`: ends per second among running ones, with a floor."""
        surprise = 1 / (self.runs + 3)
        ending = running = 0.0
        broad = max(_SURPRISE_SPREAD * LOGISTIC_SCALE, self.spread)
        for weight, spread in ((1 - surprise, self.spread), (surprise, broad)):
            still = _still_running(age, self.middle, spread)
            running += weight * still
            ending += weight * still * (1 - still) / (age * spread)
        return ending / running if running else 1 / age


def _still_running(age: float, middle: float, spread: float) -> float:
    exponent = math.log(max(age, 1e-6) / middle) / spread
    return 1 / (1 + math.exp(min(max(exponent, -700), 700)))
