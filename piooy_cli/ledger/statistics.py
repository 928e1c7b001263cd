"""Statistics of past runs of a model: number, success rate, durations."""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple


class RunStatistics(NamedTuple):
    """The ended runs of one model, scene and size. `took`: known seconds, sorted."""

    model: str
    scene: str | None
    size: str
    over: int
    succeeded: int
    took: tuple[float, ...]

    @property
    def success(self) -> float:
        """The share that succeeded, 0 to 1."""
        return self.succeeded / self.over

    @property
    def median(self) -> float | None:
        """The median in seconds."""
        return quantile(self.took, 0.5)

    @property
    def slow(self) -> float | None:
        """The 90th percentile in seconds."""
        return quantile(self.took, 0.9)


def by_model(statistics: Iterable[RunStatistics]) -> dict[str, RunStatistics]:
    """Merge the statistics of each model over scenes and sizes; the input is sorted by model."""
    return {
        model: _as_one(model, list(parts))
        for model, parts in groupby(statistics, key=lambda part: part.model)
    }


def _as_one(model: str, parts: Sequence[RunStatistics]) -> RunStatistics:
    took = sorted(seconds for part in parts for seconds in part.took)
    over, succeeded = (sum(part.over for part in parts), sum(part.succeeded for part in parts))
    return RunStatistics(model, None, "", over, succeeded, tuple(took))


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the quantile by nearest rank: at least `share` of the values do not exceed it."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else None


def histogram(ordered: Sequence[float], most: int = 8) -> list[tuple[float, float, int]]:
    """Return a histogram between round numbers of seconds, with at most `most` bins."""
    if not ordered:
        return []
    step = _round_step((ordered[-1] - ordered[0]) / most)
    first = math.floor(ordered[0] / step) * step
    edges = [first + step * n for n in range(int((ordered[-1] - first) // step) + 1)]
    return [(low, low + step, sum(low <= value < low + step for value in ordered)) for low in edges]


def _round_step(least: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50 …"""
    if least <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
