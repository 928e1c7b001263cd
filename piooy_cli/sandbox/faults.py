"""Faults to inject: parsing them, and deciding when they happen, reproducibly. Pure."""

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

ENDPOINTS = ("generate", "task", "contact", "asset")
_API = ("generate", "task", "contact")
# Where each may happen where nothing else is said. Those of an order are decided as it is taken.
OF_AN_ANSWER = {
    "slow": _API, "drop-before": _API, "drop-after-accept": ("generate",), "hang": _API,
    "drip": _API, "truncate": _API, "html": _API, "gzip-bomb": _API, "redirect": _API,
    "asset-truncate": ("asset",), "asset-html": ("asset",), "asset-no-range": ("asset",),
    "asset-etag-change": ("asset",),
}  # fmt: skip
# Whose files fall short of what was ordered.
OF_A_DELIVERY = ("asset-small", "asset-short", "asset-mute", "asset-fewer")
OF_AN_ORDER = (
    "task-fails", "stuck", "backwards", "no-assets", "expired-url", *OF_A_DELIVERY,
)  # fmt: skip
# What can happen nowhere else.
_BOUND = frozenset(
    [*OF_AN_ORDER, *(name for name, where in OF_AN_ANSWER.items() if len(where) == 1)]
)
ON_THE_WIRE = frozenset(
    ["drop-before", "drop-after-accept", "hang", "drip", "truncate", "asset-truncate"]
)
_ITEM = re.compile(
    r"(?:(?P<endpoint>[a-z]+)/)?(?P<name>[a-z-]+|[45][0-9]{2})"
    r"(?::(?P<value>[0-9]{1,6}(?:\.[0-9]+)?)(?P<unit>ms|s))?(?::(?P<rate>[0-9.]{1,8})%)?"
    r"(?:@(?P<first>[1-9][0-9]{0,8})(?:-(?P<last>[1-9][0-9]{0,8})|(?P<on>\+))?)?",
    re.ASCII,
)


class Fault(NamedTuple):
    """One fault. `value` is in seconds; `first` to `last`: which requests, from 1."""

    name: str
    endpoints: tuple[str, ...]
    value: float | None = None
    rate: float = 1.0
    first: int = 1
    last: int | None = None

    @property
    def is_status(self) -> bool:
        """Whether the fault is an HTTP status."""
        return self.name.isdecimal()


def parse_faults(spec: str) -> tuple[Fault, ...]:
    """Parse `429:5%,drop-after-accept@3,task/slow:200ms`. Raises ValueError.

    Items are separated by commas or line breaks; `#` starts a comment.
    """
    lines = (line.partition("#")[0] for line in spec.splitlines())
    items = (item.strip() for line in lines for item in line.split(","))
    return tuple(_parsed(item) for item in items if item)


def _parsed(item: str) -> Fault:
    match = _ITEM.fullmatch(item)
    name = match["name"] if match else ""
    usual = OF_AN_ANSWER.get(name) or (("generate",) if name in OF_AN_ORDER else ())
    usual = _API if name.isdecimal() else usual
    if match is None or not usual:
        known = " ".join(["429 500", *OF_AN_ANSWER, *OF_AN_ORDER])
        raise ValueError(f"{item!r} is not a fault; known: {known}")
    if match["endpoint"] and match["endpoint"] not in ENDPOINTS:
        raise ValueError(f"{item!r}: {match['endpoint']} is not one of {' '.join(ENDPOINTS)}")
    endpoints = (match["endpoint"],) if match["endpoint"] else usual
    if name in _BOUND and endpoints != usual:
        raise ValueError(f"{item!r}: {name} applies to {usual[0]} only")
    return Fault(name, endpoints, _seconds(match), _share(match, item), *_span(match, item))


def _seconds(match: re.Match[str]) -> float | None:
    if match["value"] is None:
        return None
    return float(match["value"]) / (1000 if match["unit"] == "ms" else 1)


def _share(match: re.Match[str], item: str) -> float:
    text = match["rate"] or "100"
    rate = float(text) / 100 if text.count(".") <= 1 and text.strip(".") else -1
    if not 0 <= rate <= 1:
        raise ValueError(f"{item!r}: a rate must be between 0% and 100%")
    return rate


def _span(match: re.Match[str], item: str) -> tuple[int, int | None]:
    if match["first"] is None:
        return 1, None
    first = int(match["first"])
    last = None if match["on"] else int(match["last"] or first)
    if last is not None and last < first:
        raise ValueError(f"{item!r}: the last is before the first")
    return first, last


class Chance:
    """Decides which faults each request meets; the same seed and requests give the same faults."""

    def __init__(self, faults: Sequence[Fault], seed: str) -> None:
        self._faults = [
            (fault, random.Random(f"{seed}/{number}/{fault.name}"))
            for number, fault in enumerate(faults)
        ]
        self._asked: Counter[int] = Counter()

    def happens(self, endpoint: str, names: Iterable[str] | None = None) -> list[Fault]:
        """Return the faults that this request meets, of these `names` if they are given."""
        wanted = None if names is None else set(names)
        return [
            fault
            for number, (fault, chance) in enumerate(self._faults)
            if endpoint in fault.endpoints
            and (fault.name in wanted if wanted is not None else fault.name not in OF_AN_ORDER)
            and self._is_due(number, fault, chance)
        ]

    def _is_due(self, number: int, fault: Fault, chance: random.Random) -> bool:
        self._asked[number] += 1
        drawn = chance.random()  # drawn always: one fault must not shift another's sequence
        due = fault.first <= self._asked[number] <= (fault.last or self._asked[number])
        return due and drawn < fault.rate
