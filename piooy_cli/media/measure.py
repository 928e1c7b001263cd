"""Measuring a media file by its headers, in bounded work, whatever the file says. Pure."""

import struct
from typing import BinaryIO

from piooy_cli.media.measured import Measured, Source

_PICTURES = frozenset({"png", "jpg", "gif", "bmp", "webp"})
_BOXES = frozenset({"mp4", "mov", "m4a", "3gp", "avif", "heic"})
_AUDIO = frozenset({"mp3", "wav", "flac", "ogg", "aiff"})


def measure(file: BinaryIO, extension: str) -> Measured | None:
    """Return what the headers of a file with this extension say; None if they say nothing."""
    try:
        return _measured(Source(file), extension)
    except (struct.error, IndexError, ValueError, OverflowError, ZeroDivisionError):
        return None  # it is not what it seems to be


def _measured(source: Source, extension: str) -> Measured | None:
    # Each of these is needed for its own files only.
    if extension in _PICTURES:
        from piooy_cli.media.measure_pictures import measure_picture

        return measure_picture(source, extension)
    if extension in _BOXES:
        from piooy_cli.media.measure_boxes import measure_boxes

        return measure_boxes(source)
    if extension in ("webm", "mkv"):
        from piooy_cli.media.measure_matroska import measure_matroska

        return measure_matroska(source)
    if extension in _AUDIO:
        from piooy_cli.media.measure_audio import measure_audio

        return measure_audio(source, extension)
    return None
