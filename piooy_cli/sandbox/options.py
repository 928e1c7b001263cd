"""How this sandbox is to behave: everything that `piooy sandbox serve` can be told."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from piooy_cli.sandbox.faults import Fault
from piooy_cli.sandbox.limits import RequestLimits

_SECONDS = {"image": 30.0, "music": 60.0, "video": 90.0, "character": 60.0}


def typical_seconds(model: str, media: str) -> float:
    """How long a task usually takes, where nobody knows the model."""
    return _SECONDS.get(media, 30.0)


class SandboxOptions(NamedTuple):
    """`speed` divides every duration; `seed` makes chance repeatable; `keys`: the only ones taken.

    `seconds`: how long a model usually takes, by model and media type.
    """

    speed: float = 1.0
    seed: str = ""
    limits: RequestLimits = RequestLimits()
    faults: tuple[Fault, ...] = ()
    shape: str = ""
    keys: tuple[str, ...] = ()
    log: Path | None = None
    replay: Path | None = None
    seconds: Callable[[str, str], float] = typical_seconds
