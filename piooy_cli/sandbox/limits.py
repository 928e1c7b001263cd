"""Rate limits of one user: orders per minute, hour and day, and tasks at once. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_WINDOWS = {"min": 60, "hour": 3600, "day": 86_400}
_ITEM = re.compile(r"([1-9][0-9]{0,8})/(min|hour|day|concurrent)", re.ASCII)


class RequestLimits(NamedTuple):
    """Rate limits. `windows`: orders and seconds; `concurrent`: tasks running at once."""

    windows: tuple[tuple[int, int], ...] = ()
    concurrent: int | None = None


class Refused(NamedTuple):
    """A limit is exceeded: why, and after how many seconds to retry."""

    message: str
    seconds: float


def parse_limits(spec: str) -> RequestLimits:
    """Parse `6/min,200/day,3/concurrent`. Raises ValueError."""
    windows, concurrent = [], None
    for item in filter(None, (part.strip() for part in spec.split(","))):
        match = _ITEM.fullmatch(item)
        if not match:
            raise ValueError(f"{item!r} is not a limit; for example: 6/min,200/day,3/concurrent")
        if match[2] == "concurrent":
            concurrent = int(match[1])
        else:
            windows.append((int(match[1]), _WINDOWS[match[2]]))
    return RequestLimits(tuple(windows), concurrent)


def exceeded_limit(
    limits: RequestLimits, now: float, accepted: Sequence[float], ends: Sequence[float]
) -> Refused | None:
    """Return which limit another order would exceed; None if it is allowed.

    `accepted`: times of the user's orders, newest first. `ends`: when the running ones will end.
    """
    found = []
    for most, seconds in limits.windows:
        recent = [moment for moment in accepted[:most] if moment > now - seconds]
        if len(recent) >= most:
            found.append(Refused("Please retry after {}s.", recent[-1] + seconds - now))
    if limits.concurrent is not None and len(ends) >= limits.concurrent:
        message = f"concurrent task limit reached ({limits.concurrent})."
        wait = sorted(ends)[len(ends) - limits.concurrent] - now
        found.append(Refused(f"{message} Please wait for current tasks to complete.", wait))
    return max(found, key=lambda refused: refused.seconds, default=None)
