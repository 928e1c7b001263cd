"""Rate limits, caps and prices of the config file: how they are written, and checked. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint

PERIODS = ("hour", "day", "month")
_RATE = re.compile(r"([1-9][0-9]{0,8})/(s|sec|min|hour|h|day)", re.ASCII)
_UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "hour": 3600.0, "h": 3600.0, "day": 86400.0}
_PRICE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(/s)?", re.ASCII)
_SHELL = frozenset(" \"'`$\\|&;<>(){}[]*?!#~=%^")


def rate_of(text: str) -> tuple[int, float]:
    """Parse `6/min` into a number and seconds. Raises UsageError."""
    match = _RATE.fullmatch(str(text).replace(" ", ""))
    if not match:
        raise UsageError(
            f"{text!r} is not a rate limit", "for example: 6/min, 2/s, 100/hour, 500/day"
        )
    return int(match[1]), _UNITS[match[2]]


def price_of(text: str | float) -> tuple[float, bool]:
    """Parse `0.04`, or `0.05/s` for each second. Raises UsageError."""
    match = _PRICE.fullmatch(str(text).replace(" ", ""))
    if not match or isinstance(text, bool):
        raise UsageError(f"{text!r} is not a price", "for example: 0.04, or 0.05/s for each second")
    return float(match[1]), match[2] is not None


def checked_allowance(name: str, value: Any, origin: str) -> Mapping[str, Any]:
    """Check the tables `[limit]` and `[price]`, by model, and `[cap]`, by period."""
    if not isinstance(value, dict):
        raise UsageError(f"{origin}: [{name}] must be a table", f"for example: {_ALLOWANCES[name]}")
    for key, inner in value.items():
        if name == "limit":
            check_names([key], "model")
            rate_of(inner)
        elif name == "price":
            check_names([key], "model")
            price_of(inner)
        elif key not in PERIODS:
            raise UsageError(f"{origin}: cap.{key} is not a period", f"known: {', '.join(PERIODS)}")
        elif type(inner) is not int or inner < 0:
            raise UsageError(f"{origin}: cap.{key} must be a whole number, not {inner!r}")
    return value


_ALLOWANCES = {
    "limit": 'nano-banana-pro = "6/min"', "cap": "day = 200", "price": "nano-banana-pro = 0.04"
}  # fmt: skip


def check_names(names: Iterable[str], what: str) -> None:
    """Refuse names that a shell would not take as they are, where one is pasted or completed."""
    for name in names:
        if not (name.isprintable() and _SHELL.isdisjoint(name) and name):
            raise UsageError(
                f"config.toml: {name!r} is not a valid name of a {what}: it is empty, or contains a"
                " blank, a control character or one that means something in a shell",
                Hint("config edit", sentence="to rename it: {}"),
            )
