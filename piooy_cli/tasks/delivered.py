"""Comparing what was delivered with what was ordered. Pure, but for reading a file's headers.

More than was ordered is no mismatch, with two exceptions: another shape, and a video that is more
than twice as long, which may have been charged by the second.
"""

import math
from collections.abc import Iterator
from pathlib import Path

from piooy_cli.domain.delivery import Check, Delivery
from piooy_cli.domain.inputs import KIND_OF_MEDIA
from piooy_cli.domain.models import Asset, Kind, MediaType, Role, SavedFile, Task
from piooy_cli.media.measure import measure
from piooy_cli.media.measured import Measured
from piooy_cli.media.types import HEAD, extension_of, kind_of
from piooy_cli.tasks.ordered import Ordered, ordered

# Services round to multiples of 16 or 64, and have formats of their own: 1280 x 896 is sold as 4:3.
_SHAPE = 0.08
_EDGE = 0.97  # of an exact number of pixels, or
_ROUNDED = 16  # pixels less
# 4K is 3840 or 4096 pixels wide, 1K 1024 or 1000.
_THOUSAND = 960
_LINES = 0.95  # 720p is 704 lines where blocks of 32 are coded
_WIDE = 16 / 9
_SHORTER, _SECONDS = 0.1, 0.5  # whichever is more
_LONGER = 2.0


def delivery_of_file(file: SavedFile) -> Delivery | None:
    """Return what a saved result is, compared with its order; None if its headers do not say."""
    if file.asset.role is not Role.RESULT:
        return None
    try:
        return compared(file.task, file.asset, *_measured(Path(file.path)))
    except OSError:
        return None


def watched(file: SavedFile) -> Delivery | None:
    """Return the same with what ffmpeg sees and hears in the file, which takes seconds."""
    from piooy_cli.tasks.watched import watch

    made = file.delivery
    if made is None:
        return None
    wants_sound = file.task.media == MediaType.MUSIC or ordered(file.task.options).sound
    try:
        found, extension = _measured(Path(file.path))
    except OSError:
        return made
    checks = watch(Path(file.path), extension, found, listen=wants_sound) if found else ()
    return made._replace(checks=(*made.checks, *checks))


def _measured(path: Path) -> tuple[Measured | None, str]:
    """Return the measures of a file, and its extension by its first bytes. Raises OSError."""
    with path.open("rb") as file:
        extension = extension_of(file.read(HEAD)) or ""
        return measure(file, extension), extension


def compared(task: Task, asset: Asset, found: Measured | None, extension: str) -> Delivery | None:
    """Return a result's measures and comparisons; None if there are neither."""
    wanted = ordered(task.options)
    counted = _count(task, asset, wanted)
    if found is None:
        return Delivery(checks=counted) if counted else None
    kind = _kind(found, kind_of(extension))
    checks = tuple(_checks(task, wanted, found, kind))
    audio = None if kind is Kind.IMAGE else found.has_audio
    return Delivery(found.width, found.height, found.duration, audio, (*checks, *counted))


def sentence(check: Check, name: str, task_id: str) -> str:
    """Return a mismatch in words."""
    match check.what:
        case "duration":
            return f"{name} is {check.delivered} long; {check.ordered} were ordered"
        case "audio":
            return f"{name} has no audio track; it was ordered with sound"
        case "count":
            return f"task {task_id} has {check.delivered} of {check.ordered} results"
        case "black" | "silence":
            return f"{name} is {check.delivered}"
    return f"{name} is {check.delivered}; {check.ordered} was ordered"


def _kind(found: Measured, kind: Kind) -> Kind:
    if kind is Kind.IMAGE:
        return kind
    return Kind.VIDEO if found.has_video else Kind.AUDIO


def _checks(task: Task, wanted: Ordered, found: Measured, kind: Kind) -> Iterator[Check]:
    """Yield the comparisons that make sense for this kind of file."""
    if task.media not in KIND_OF_MEDIA or KIND_OF_MEDIA[MediaType(task.media)] is not kind:
        return
    if found.width and found.height and kind is not Kind.AUDIO:
        yield from _size(wanted, found.width, found.height, kind)
        yield from _shape(wanted, found.width, found.height)
    if kind is not Kind.IMAGE and found.duration and wanted.seconds:
        yield _duration(task, wanted.seconds, found.duration)
    if kind is Kind.VIDEO and wanted.sound:
        delivered = "an audio track" if found.has_audio else "no audio track"
        yield Check("audio", "sound", delivered, found.has_audio)


def _size(wanted: Ordered, width: int, height: int, kind: Kind) -> Iterator[Check]:
    delivered = f"{width} x {height}"
    if wanted.pixels:
        edges = zip((width, height), wanted.pixels, strict=True)
        fits = all(edge >= min(asked * _EDGE, asked - _ROUNDED) for edge, asked in edges)
        same = _is_shape(width / height, wanted.pixels[0] / wanted.pixels[1])
        yield Check("size", "{} x {}".format(*wanted.pixels), delivered, fits and same)
    elif wanted.label:
        yield Check("size", wanted.label, delivered, _is_large(wanted, width, height, kind))


def _is_large(wanted: Ordered, width: int, height: int, kind: Kind) -> bool:
    """Whether it is large enough for its label: by its longer side, or a video also by its lines.

    A video of another shape than 16:9 has the lines, or the width, or as many pixels.
    """
    short, long = sorted((width, height))
    if wanted.thousands and kind is Kind.IMAGE:
        return long >= _THOUSAND * wanted.thousands
    lines = wanted.lines or _THOUSAND / _WIDE * (wanted.thousands or 0)
    return short >= lines * _LINES or long >= lines * _WIDE * _LINES


def _shape(wanted: Ordered, width: int, height: int) -> Iterator[Check]:
    if wanted.ratio:
        across, down = wanted.ratio
        fits = _is_shape(width / height, across / down)
        yield Check("aspect_ratio", f"{across}:{down}", f"{width} x {height}", fits)


def _is_shape(delivered: float, asked: float) -> bool:
    return abs(math.log(delivered / asked)) <= math.log(1 + _SHAPE)


def _duration(task: Task, asked: float, seconds: float) -> Check:
    fits = seconds >= asked - max(asked * _SHORTER, _SECONDS)
    # Music has its own end, and an edited video the length of its source.
    if task.media == MediaType.VIDEO and task.scene != "video-to-video":
        fits = fits and seconds <= asked * _LONGER + 1
    return Check("duration", f"{asked:g} s", f"{seconds:.1f} s", fits)


def _count(task: Task, asset: Asset, wanted: Ordered) -> tuple[Check, ...]:
    """Compare the number of results, which is noted with the first of them."""
    results = [one for one in task.assets if one.role is Role.RESULT]
    is_sure = task.media in KIND_OF_MEDIA and not any(one.guessed_at for one in task.assets)
    if wanted.results is None or not is_sure or not results or asset.n != results[0].n:
        return ()
    fits = len(results) >= wanted.results
    return (Check("count", str(wanted.results), str(len(results)), fits),)
