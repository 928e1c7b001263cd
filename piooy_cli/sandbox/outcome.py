"""The planned outcome of an order, decided when it is accepted: duration and end. Pure."""

import math
import random
from typing import Any, NamedTuple

_SPREAD = 0.35  # of the logarithm, as hosted models have it
_PENDING = 0.15  # the share of its time that a task is queued


class PlannedOutcome(NamedTuple):
    """A planned outcome. `seconds` from acceptance to the end; `faults` of this order."""

    seconds: float
    faults: tuple[str, ...] = ()

    def status(self, age: float) -> str:
        """Return the status at an age in seconds; nothing has to run for it."""
        share = age / self.seconds if self.seconds else 1.0
        if "stuck" in self.faults:
            return "PENDING" if share < _PENDING else "PROCESSING"
        if "backwards" in self.faults and 0.5 <= share < 1:
            return "PENDING" if share >= 0.75 else "PROCESSING"
        if share < 1:
            return "PENDING" if share < _PENDING else "PROCESSING"
        return "FAILED" if "task-fails" in self.faults else "SUCCESS"

    @property
    def ends(self) -> float:
        """Return when it stops counting as running, in seconds after acceptance."""
        return math.inf if "stuck" in self.faults else self.seconds


def plan_outcome(seed: str, number: int, median: float, faults: tuple[str, ...]) -> PlannedOutcome:
    """Plan the outcome of an order: its duration is log-normal around the usual one."""
    chance = random.Random(f"{seed}/order/{number}")
    return PlannedOutcome(median * math.exp(_SPREAD * chance.gauss(0, 1)), faults)


def kept(fate: PlannedOutcome) -> dict[str, Any]:
    """Return the outcome as JSON, for the store."""
    return {"seconds": fate.seconds, "faults": list(fate.faults)}


def restored(value: dict[str, Any]) -> PlannedOutcome:
    """Parse an outcome from the store."""
    return PlannedOutcome(float(value.get("seconds", 2.0)), tuple(value.get("faults", ())))
