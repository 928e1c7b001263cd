"""What an order asks for, as far as its options say so without a doubt. Pure.

Services give the same thing several names. What is not clearly meant, or said in two ways that
disagree, counts as not said: a false alarm is worse than a mismatch that nobody notices.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_NAMES = ("resolution", "quality", "size", "image_size")
_COUNTS = ("n", "num_images", "count")
_SOUNDS = ("generate_audio", "audio", "sound")
_PIXELS = re.compile(r"([1-9][0-9]{1,4})[x*×]([1-9][0-9]{1,4})", re.ASCII | re.IGNORECASE)
_SIDE = re.compile(r"[1-9][0-9]{1,4}", re.ASCII)
_THOUSANDS = re.compile(r"(0\.5|[1-8])k", re.ASCII | re.IGNORECASE)
_LINES = re.compile(r"([1-9][0-9]{2,3})p", re.ASCII | re.IGNORECASE)
_RATIO = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)", re.ASCII)
_SECONDS = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)s?", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]?", re.ASCII)
_SMALLEST = 64  # pixels; below, rounding is a difference
_STEEPEST = 10  # of the sides of a picture, so far as any service makes them
_LONGEST = 3600  # seconds; a larger number may be milliseconds, or frames


class Ordered(NamedTuple):
    """What was asked for; None: nothing that could be compared.

    `label` is a size by name, such as 2K: so many `thousands` of pixels or `lines`.
    """

    pixels: tuple[int, int] | None = None
    label: str = ""
    thousands: float | None = None
    lines: int | None = None
    ratio: tuple[int, int] | None = None
    seconds: float | None = None
    sound: bool = False
    results: int | None = None


def ordered(options: Mapping[str, Any] | None) -> Ordered:
    """Return what these options ask for."""
    given = options or {}
    found = Ordered(
        ratio=_ratio(given), seconds=_seconds(given), sound=_sound(given), results=_count(given)
    )
    pixels = _pixels(given)
    if len(pixels) > 1:
        return found._replace(ratio=None)
    if pixels:
        return found._replace(pixels=_reasonable(pixels.pop()), ratio=None)
    return _with_label(found, given)


def _text(value: Any) -> str:
    """Return an option as text; True is neither 1 nor a number of results."""
    return "" if isinstance(value, bool) else str(value).strip()[:100]


def _pixels(given: Mapping[str, Any]) -> set[tuple[int, int]]:
    matches = (_PIXELS.fullmatch(_text(given.get(name, ""))) for name in _NAMES)
    found = {(int(match[1]), int(match[2])) for match in matches if match}
    sides = [_SIDE.fullmatch(_text(given.get(name, ""))) for name in ("width", "height")]
    if sides[0] and sides[1]:
        found.add((int(sides[0][0]), int(sides[1][0])))
    return found


def _reasonable(pixels: tuple[int, int]) -> tuple[int, int] | None:
    is_small, is_steep = min(pixels) < _SMALLEST, max(pixels) > _STEEPEST * min(pixels)
    return None if is_small or is_steep else pixels


def _with_label(found: Ordered, given: Mapping[str, Any]) -> Ordered:
    """Add a size by name, if there is exactly one."""
    texts = {_text(given.get(name, "")).lower() for name in _NAMES}
    labels = [one for one in texts if _THOUSANDS.fullmatch(one) or _LINES.fullmatch(one)]
    if len(labels) != 1:
        return found
    label = labels[0].upper() if labels[0].endswith("k") else labels[0]
    if match := _THOUSANDS.fullmatch(label):
        return found._replace(label=label, thousands=float(match[1]))
    return found._replace(label=label, lines=int(label[:-1]))


def _ratio(given: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the ratio by `aspect_ratio`, or by `size` where that is not given."""
    match = _RATIO.fullmatch(_text(given.get("aspect_ratio") or given.get("size") or ""))
    ratio = (int(match[1]), int(match[2])) if match else None
    return None if ratio is None or max(ratio) > _STEEPEST * min(ratio) else ratio


def _seconds(given: Mapping[str, Any]) -> float | None:
    match = _SECONDS.fullmatch(_text(given.get("duration", "")))
    seconds = float(match[1]) if match else 0.0
    return seconds if 0 < seconds <= _LONGEST else None


def _sound(given: Mapping[str, Any]) -> bool:
    """Whether sound was asked for, and nowhere refused. A URL is an input, and no wish."""
    wishes = [str(given[name]).strip().lower() for name in _SOUNDS if name in given]
    wanted = any(wish in ("true", "on", "yes") for wish in wishes)
    return wanted and not any(wish in ("false", "off", "no", "none") for wish in wishes)


def _count(given: Mapping[str, Any]) -> int | None:
    """Return the number of results, where several were asked for."""
    found = {_text(given[name]) for name in _COUNTS if name in given}
    match = _COUNT.fullmatch(found.pop()) if len(found) == 1 else None
    return int(match[0]) if match and int(match[0]) > 1 else None
