"""Reading recipes and signatures, also from files that are not whole."""

import contextlib
import struct
from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from piooy_cli.media.metadata import flac, foreign, jpeg, mp3, mp4, mp4_tags, png, wav, webp, xmp
from piooy_cli.media.metadata.foreign import Foreign
from piooy_cli.media.metadata.found import Found, NotEmbedded, Planner
from piooy_cli.media.metadata.recipe import Recipe, from_text
from piooy_cli.media.metadata.streams import size_of

_SURVEYS: dict[str, Callable[[BinaryIO, int, Found], Planner]] = {
    "png": png.survey, "jpg": jpeg.survey, "jpeg": jpeg.survey, "webp": webp.survey,
    "mp4": mp4.survey, "mov": mp4.survey, "m4a": partial(mp4.survey, kind=mp4_tags.ITEMS),
    "mp3": mp3.survey, "wav": wav.survey, "flac": flac.survey,
}  # fmt: skip
_DAMAGED = (struct.error, IndexError, ValueError, OverflowError)


def survey(file: BinaryIO, extension: str, found: Found) -> Planner:
    """Read a file into `found`, and return how to add a recipe. Raises NotEmbedded."""
    reader = _SURVEYS.get(extension)
    if reader is None:
        raise NotEmbedded(f"{extension or 'this format'} cannot hold a recipe")
    try:
        planner = reader(file, size_of(file), found)
    except _DAMAGED as error:
        raise _refusal(found, "it is not whole") from error
    except NotEmbedded as error:
        raise _refusal(found, error.reason) from error
    if found.signature:
        raise _refusal(found, "")
    return planner


def _refusal(found: Found, reason: str) -> NotEmbedded:
    if found.signature == "C2PA":
        return NotEmbedded("it is signed (C2PA), and a change would break the signature")
    if found.signature:
        return NotEmbedded(f"it carries a label ({found.signature})")
    return NotEmbedded(reason)


def _read(file: BinaryIO, extension: str) -> Found:
    """Return what can be read."""
    found = Found()
    with contextlib.suppress(NotEmbedded):
        survey(file, extension, found)
    return found


def recipe_in(found: Found) -> Recipe | None:
    """Return the recipe among what was read."""
    text = found.texts.get("piooy_recipe")
    if text is None and found.xmp is not None:
        try:
            text = xmp.read(found.xmp).recipe
        except NotEmbedded:
            return None
    return None if text is None else from_text(text)


def read_recipe(file: BinaryIO, extension: str) -> Recipe | None:
    """Return the recipe that piooy wrote into a file."""
    return recipe_in(_read(file, extension))


def read_foreign(file: BinaryIO, extension: str) -> Foreign | None:
    """Return the recipe that another program wrote into a file."""
    return foreign.read(_read(file, extension).texts)


def signature(file: BinaryIO, extension: str) -> str | None:
    """Return "C2PA" if a file is signed, "AIGC" if it has China's label; neither is verified."""
    return _read(file, extension).signature
