"""A short video of the landscape: the sun goes over it. MP4 with H.264, plays in a browser."""

from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageDraw

from piooy_cli.sandbox.media import Work, h264
from piooy_cli.sandbox.media.mp4 import mp4
from piooy_cli.sandbox.media.picture import caption, disc, landscape, shade
from piooy_cli.sandbox.media.sizes import frame_size

FPS = 12
_DEFAULT_SECONDS = 3.0
_LONGEST_SECONDS = 30.0


def make(work: Work) -> bytes:
    """The video at the asked size and duration."""
    size = frame_size(work.options)
    frames = round(_seconds(work.options.get("duration")) * FPS)
    still = landscape(work, size, work.random("video"))
    caption(still, work.caption, f"piooy sandbox · {work.model} · {size[0]} x {size[1]}")
    pictures = list(_pictures(still, frames, work))
    comment = f"piooy sandbox: {work.caption[:200]}"
    return mp4(size, FPS, h264.parameter_sets(*size), pictures, comment)


def _pictures(still: Image.Image, frames: int, work: Work) -> Iterator[bytes]:
    color = shade(work.random("ball").random(), 0.5, 1.0)
    before = _ball(still.size, 0, frames)
    yield h264.key_picture(h264.Planes(_drawn(still, before, color)))
    for number in range(1, frames):
        now = _ball(still.size, number, frames)
        changed = _touched(still.size, before) | _touched(still.size, now)
        yield h264.next_picture(h264.Planes(_drawn(still, now, color)), number, changed)
        before = now


def _ball(size: tuple[int, int], number: int, frames: int) -> tuple[float, float, float]:
    """Where the sun is in a frame: from left to right, up and down again; x, y and radius."""
    share = number / max(frames - 1, 1)
    height = 0.32 - 0.8 * share * (1 - share)
    return size[0] * (0.08 + 0.84 * share), size[1] * height, min(size) * 0.06


def _drawn(still: Image.Image, ball: tuple[float, float, float], color: Any) -> Image.Image:
    frame = still.copy()
    disc(ImageDraw.Draw(frame), ball[:2], ball[2], color)
    return frame


def _touched(size: tuple[int, int], ball: tuple[float, float, float]) -> set[int]:
    """The macroblocks that the sun covers."""
    x, y, radius = ball
    across, down = -(-size[0] // 16), -(-size[1] // 16)
    columns = range(
        max(int(x - radius - 2) // 16, 0), min(int(x + radius + 2) // 16, across - 1) + 1
    )
    rows = range(max(int(y - radius - 2) // 16, 0), min(int(y + radius + 2) // 16, down - 1) + 1)
    return {row * across + column for row in rows for column in columns}


def _seconds(wish: Any) -> float:
    """`duration` as a number or as text; three seconds where it is neither."""
    try:
        seconds = float(wish)
    except (TypeError, ValueError):
        return _DEFAULT_SECONDS
    return min(seconds, _LONGEST_SECONDS) if seconds > 0 else _DEFAULT_SECONDS
