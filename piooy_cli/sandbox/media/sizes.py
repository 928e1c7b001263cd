"""Width and height in pixels, from `aspect_ratio`, `resolution` and their other names. Pure."""

import re
from collections.abc import Mapping
from typing import Any

_RATIO = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)", re.ASCII)
_PIXELS = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})", re.ASCII)
_LONG_EDGE = {"0.5K": 512, "1K": 1024, "2K": 2048, "3K": 3072, "4K": 4096}
_SHORT_EDGE = {"2K": 1440, "4K": 2160}
_LINES = re.compile(r"([1-9][0-9]{2,3})p", re.ASCII | re.IGNORECASE)


def picture_size(options: Mapping[str, Any]) -> tuple[int, int]:
    """The long edge is what the resolution says: 1K is 1024, and so on; square where not asked."""
    if exact := _PIXELS.fullmatch(str(options.get("size", ""))):
        return int(exact[1]), int(exact[2])
    across, down = _ratio(options, (1, 1))
    wish = str(options.get("resolution") or options.get("quality") or "1K").upper()
    long_edge = _LONG_EDGE.get(wish, 1024)
    return _even(long_edge * across / max(across, down)), _even(
        long_edge * down / max(across, down)
    )


def frame_size(options: Mapping[str, Any]) -> tuple[int, int]:
    """The short edge is what the resolution says: 720p is 720; 360p and 16:9 where not asked."""
    across, down = _ratio(options, (16, 9))
    wish = str(options.get("resolution") or options.get("quality") or "").upper()
    lines = _LINES.fullmatch(wish)
    short_edge = min(int(lines[1]), 2160) if lines else _SHORT_EDGE.get(wish, 360)
    return _even(short_edge * across / min(across, down)), _even(
        short_edge * down / min(across, down)
    )


def _ratio(options: Mapping[str, Any], default: tuple[int, int]) -> tuple[int, int]:
    match = _RATIO.fullmatch(str(options.get("aspect_ratio") or options.get("size") or ""))
    return (int(match[1]), int(match[2])) if match else default


def _even(length: float) -> int:
    return max(round(length / 2) * 2, 16)
