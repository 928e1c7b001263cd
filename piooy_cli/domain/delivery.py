"""What was delivered, and whether it is what was ordered: data that the ledger keeps. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Check(NamedTuple):
    """One comparison: `what` was compared, as it was `ordered` and `delivered`, and its outcome."""

    what: str
    ordered: str
    delivered: str
    fits: bool


class Delivery(NamedTuple):
    """A saved file by its headers, and its comparisons with the order; None: it does not say."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None
    audio: bool | None = None
    checks: tuple[Check, ...] = ()

    @property
    def as_ordered(self) -> bool | None:
        """Whether every comparison fits; None if nothing could be compared."""
        return all(check.fits for check in self.checks) if self.checks else None

    @property
    def mismatches(self) -> list[Check]:
        """The comparisons that do not fit."""
        return [check for check in self.checks if not check.fits]

    def to_dict(self) -> dict[str, Any]:
        """Return the object in records; keys are only ever added."""
        return {
            "as_ordered": self.as_ordered,
            "width": self.width,
            "height": self.height,
            "duration": None if self.duration is None else round(self.duration, 3),
            "audio": self.audio,
            "checks": [check._asdict() for check in self.checks],
        }


def delivery_of(text: str | None) -> Delivery | None:
    """Parse what `to_dict` made, as JSON; None if it is not that."""
    if not text:
        return None
    import json  # most runs read no such text

    try:
        record: Mapping[str, Any] = json.loads(text)
        checks = tuple(
            Check(one["what"], one["ordered"], one["delivered"], one["fits"])
            for one in record["checks"]
        )
        return Delivery(
            record["width"], record["height"], record["duration"], record["audio"], checks
        )
    except (ValueError, KeyError, TypeError):
        return None
