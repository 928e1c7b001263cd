"""When the end of a task is noticed, and how many polls that took: piooy's schedule and fixed ones.

    python benchmarks/waiting.py [--spread 0.25] [--plot docs/waiting.svg]

Simulated with the code that piooy runs, for log-normal task times. `waiting_served.py` beside it
measures the same for real.
"""

import argparse
import math
import random
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from piooy_cli.tasks.poll_schedule import Pace, expectation_from

MEDIANS = (4, 12, 40, 90)
PAST_RUNS = (0, 8, 30)
FIXED = (0.1, 0.5, 1, 3, 5)
HISTORIES, TASKS = 400, 50


class Cost(NamedTuple):
    """Means over tasks: seconds between completion and notice, and requests."""

    lag: float
    requests: float


class Sampler:
    """Task times, log-normal around a median; the same ones whenever it starts again."""

    def __init__(self, median: float, spread: float, seed: int = 1) -> None:
        self._random = random.Random(f"{median} {spread} {seed}")
        self._median, self._spread = math.log(median), spread

    def times(self, count: int) -> list[float]:
        """So many of them."""
        return [self._random.lognormvariate(self._median, self._spread) for _ in range(count)]


def learned(sampler: Sampler, runs: int, typical: float) -> Cost:
    """piooy with so many past runs, each history with tasks of its own."""
    costs = []
    for _ in range(HISTORIES):
        looks = schedule(sampler.times(runs), typical)
        costs += [cost_of(looks, end) for end in sampler.times(TASKS)]
    return mean(costs)


def schedule(past: list[float], typical: float) -> list[float]:
    """The ages at which piooy polls."""
    pace, known, jitter = Pace(), expectation_from(past, typical), random.Random(2).uniform
    looks = [pace.first_pause(0, known)]
    while looks[-1] < 40 * typical:
        looks.append(looks[-1] + pace.next_pause(looks[-1], known, jitter))
    return looks


def fixed(sampler: Sampler, pause: Callable[[], float]) -> Cost:
    """A poller that sleeps first, and then always the same."""
    ends = sampler.times(HISTORIES * TASKS)
    return mean([cost_of(every(pause, end), end) for end in ends])


def every(pause: Callable[[], float], end: float) -> list[float]:
    """Looks at such intervals, until one is after the end."""

    def pauses() -> Iterator[float]:
        total = 0.0
        while total < end:
            step = pause()
            total += step
            yield step

    return list(accumulate(pauses()))


def cost_of(looks: list[float], end: float) -> Cost:
    """What these polls cost a task that ends then."""
    seen = bisect_left(looks, end)
    return Cost(looks[seen] - end, seen + 1)


def mean(costs: list[Cost]) -> Cost:
    """Of each."""
    lags, requests = zip(*costs, strict=True)
    return Cost(sum(lags) / len(lags), sum(requests) / len(requests))


def fixed_costs(median: float, spread: float) -> dict[str, Cost]:
    """The neighbours' ways."""
    jittered = random.Random(3)
    ways: dict[str, Callable[[], float]] = {f"{d:g} s": lambda d=d: d for d in FIXED}
    ways["6±1.5 s"] = lambda: jittered.uniform(4.5, 7.5)
    return {name: fixed(Sampler(median, spread), pause) for name, pause in ways.items()}


def same_lag(median: float, spread: float, lag: float) -> Cost:
    """The fixed interval that is as late as this: its requests are what a comparison wants."""
    return fixed(Sampler(median, spread), lambda: 2 * lag)


def table(spread: float) -> dict[int, dict[str, Cost]]:
    """Print all, and return it."""
    found: dict[int, dict[str, Cost]] = {}
    print(f"log-normal, spread {spread:g}; lag in s, requests per task")
    for median in MEDIANS:
        others = fixed_costs(median, spread)
        found[median] = dict(others)
        print(
            f"\n{median} s   "
            + "   ".join(f"{n}: {c.lag:.2f} {c.requests:.1f}" for n, c in others.items())
        )
        for runs in PAST_RUNS:
            cost = learned(Sampler(median, spread), runs, median)
            found[median][f"piooy, {runs} runs"] = cost
            name, near = min(others.items(), key=lambda item: abs(item[1].lag - cost.lag))
            equal = same_lag(median, spread, cost.lag)
            print(
                f"  piooy, {runs:2} runs: {cost.lag:.2f} {cost.requests:.1f}"
                f" = {cost.requests / equal.requests:.0%} of a fixed interval as late"
                f", {cost.requests / near.requests:.0%} of {name} ({near.lag:.2f} s late)"
                f"; allowed {2 + 0.05 * median:.1f} s"
            )
    return found


def plot(found: dict[int, dict[str, Cost]], path: str) -> None:
    """One panel for each task time: requests to the right, lag upwards; lower left is better."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "piooy", "svg.fonttype": "none", "font.size": 9})
    figure, axes = plt.subplots(1, len(found), figsize=(12, 3.4))
    for axis, (median, costs) in zip(axes, found.items(), strict=True):
        for mine in (False, True):
            some = {name: cost for name, cost in costs.items() if name.startswith("piooy") is mine}
            draw(axis, some, mine)
        axis.set_title(f"tasks of about {median} s")
        axis.set_xlabel("requests per task")
        for scale in (axis.xaxis, axis.yaxis):
            scale.set_major_formatter(lambda value, _: f"{value:g}")
    axes[0].set_ylabel("noticed late by, s")
    axes[0].legend(frameon=False, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None)


def draw(axis: Any, costs: dict[str, Cost], mine: bool) -> None:
    """One way of looking: a line through its points, each named."""
    xs, ys = [cost.requests for cost in costs.values()], [cost.lag for cost in costs.values()]
    color, style, what = ("#c2410c", "D-", "piooy") if mine else ("#64748b", "o-", "fixed interval")
    axis.loglog(xs, ys, style, color=color, markersize=5, label=what)
    where = {"xytext": (-6, -4), "ha": "right"} if mine else {"xytext": (5, 4)}
    for name, x, y in zip(costs, xs, ys, strict=True):
        if name != "piooy, 8 runs":  # in the very place of 30
            label = name.removeprefix("piooy, ")
            axis.annotate(
                label, (x, y), textcoords="offset points", fontsize=7, color=color, **where
            )


def main() -> None:
    """Simulate, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spread", type=float, default=0.25, help="of the logarithm of task times")
    parser.add_argument("--plot", metavar="FILE")
    chosen = parser.parse_args()
    found = table(chosen.spread)
    if chosen.plot:
        plot(found, chosen.plot)


if __name__ == "__main__":
    main()
