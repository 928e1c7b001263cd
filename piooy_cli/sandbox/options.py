"""The options of `piooy sandbox serve`."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from piooy_cli.sandbox.faults import Fault
from piooy_cli.sandbox.limits import RequestLimits

_SECONDS = {"image": 30.0, "music": 60.0, "video": 90.0, "character": 60.0}


def typical_seconds(model: str, media: str) -> float:
    """Return how long a task usually takes if the model is unknown."""
    return _SECONDS.get(media, 30.0)


class SandboxOptions(NamedTuple):
    """How the sandbox behaves. `speed` divides every duration; `keys`: the only accepted ones.
    `origins`: whose pages may use it.

    `seed`: for reproducible behavior; `seconds`: how long a model usually takes.
    """

    speed: float = 1.0
    seed: str = ""
    limits: RequestLimits = RequestLimits()
    faults: tuple[Fault, ...] = ()
    shape: str = ""
    keys: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    log: Path | None = None
    replay: Path | None = None
    seconds: Callable[[str, str], float] = typical_seconds
