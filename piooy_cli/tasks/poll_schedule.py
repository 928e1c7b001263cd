"""When to poll a task next: when past runs say that it is likely to be done. Pure."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from piooy_cli.domain.expectation import LOGISTIC_SCALE, Expectation

# What one look is worth, in seconds that the end is noticed later. Dense enough that a look at a
# task of 90 s is 1.4 s late, sparse enough that this takes half the looks of a fixed interval.
_PRICE = 0.1
_PRIOR_RUNS = 0.2  # the weight of the catalogue's word beside one real run
_PRIOR_SPREAD, _PRIOR_SPREAD_RUNS = 0.35, 3
_GUESS_SPREAD = 0.9  # of a catalogue's word alone: it may be off by a factor of 3 either way


def expectation_from(durations: Sequence[float], typical: float) -> Expectation:
    """Estimate from past runs (seconds), pulled towards `typical` while they are few."""
    runs = len(durations)
    if not runs:
        return Expectation(typical, _GUESS_SPREAD * LOGISTIC_SCALE)
    logs = [math.log(max(seconds, 0.1)) for seconds in durations]
    mean = sum(logs) / runs
    squares = sum((value - mean) ** 2 for value in logs)
    weight = _PRIOR_RUNS + runs
    middle = (_PRIOR_RUNS * math.log(typical) + sum(logs)) / weight
    spread = _PRIOR_SPREAD_RUNS * _PRIOR_SPREAD**2 + squares
    variance = spread / (_PRIOR_SPREAD_RUNS + runs) * (1 + 1 / weight)
    return Expectation(math.exp(middle), math.sqrt(variance) * LOGISTIC_SCALE, runs)


class Pace(NamedTuple):
    """Seconds between polls. `early`: before the first one; `fixed`: as the user asked.

    `stale`: how long a status has to stay unchanged before the provider is queried, and how often.
    `eager`: before the first poll of a model without past runs, from which others learn.
    """

    early: float = 2.0
    floor: float = 0.5
    ceiling: float = 20.0
    fixed: float | None = None
    stale: float = 30.0
    eager: float | None = None

    def first_pause(self, age: float, expectation: Expectation) -> float:
        """Return the seconds until the first poll of a task `age` seconds old; 0 if it is overdue.

        It comes early, for tasks that fail at once, unless the end is likely shortly after it.
        """
        first = self.fixed
        if first is None:
            likely = self._until_likely(0.02, expectation)
            known = expectation.runs and likely <= 3.5 * self.early
            eager = self.early if self.eager is None or expectation.runs else self.eager
            first = likely if known else eager
        return max(first - age, 0)

    def next_pause(
        self, age: float, expectation: Expectation, uniform: Callable[[float, float], float]
    ) -> float:
        """Return the seconds from a poll of a task `age` seconds old to the next one.

        The best spacing for a cost p of a poll is sqrt(2p / hazard): rare until the fastest few per
        cent are done, dense where the end is likely, rarer in the tail. 10 % of jitter is added.
        """
        if self.fixed is not None:
            return self.fixed
        pause = self._until_likely(max(age, 0.02), expectation)
        if not expectation.runs:  # a guess: never later than 2 s and a twentieth of the age
            pause = min(pause, 3.2 + age / 10)
        return min(max(pause, self.floor), self.ceiling) * uniform(0.9, 1.1)

    def wants_refresh(
        self, age: float, unmoved: float, since_refresh: float, expectation: Expectation
    ) -> bool:
        """Whether to have the service query the provider: the task is overdue or stuck.

        Each query costs the service a request, so there are never two within `stale`.
        """
        overdue = age > expectation.at(0.95)
        stuck = unmoved > max(self.stale, expectation.middle)
        return (overdue or stuck) and min(age, since_refresh) > self.stale

    def _until_likely(self, age: float, expectation: Expectation) -> float:
        """Return the seconds in which the best density of polls adds up to one poll."""
        now, sum_ = age, 0.0
        while now - age < self.ceiling:
            step = max(0.03 * now, 0.05)
            density = math.sqrt(expectation.hazard(now + step / 2) / (2 * _PRICE))
            if sum_ + density * step >= 1:
                return now + (1 - sum_) / density - age
            sum_, now = sum_ + density * step, now + step
        return self.ceiling
