"""Writing a recipe into a copy of a file, and checking what was written."""

from typing import BinaryIO

from piooy_cli.media.metadata.found import Found, NotEmbedded
from piooy_cli.media.metadata.reading import recipe_in, survey
from piooy_cli.media.metadata.recipe import LONGEST, Recipe, to_text
from piooy_cli.media.metadata.streams import Target, write_edited


def embed(source: BinaryIO, target: Target, extension: str, recipe: Recipe) -> tuple[str, ...]:
    """Write a copy of a file with its recipe; the media data stays as it is, byte for byte.

    Returns the names of fields that the file has already, or that are too large for it: they are
    left out, but the recipe itself never is. Raises NotEmbedded before anything is written.
    """
    if len(to_text(recipe)) > LONGEST:
        raise NotEmbedded("the recipe is too large")
    found = Found()
    planner = survey(source, extension, found)
    if recipe_in(found) is not None or "piooy_recipe" in found.texts:
        raise NotEmbedded("it has a recipe of piooy already", has_recipe=True)
    edits, left_out = planner(recipe)
    write_edited(source, target, edits)
    return tuple(left_out)


def check(target: BinaryIO, extension: str, recipe: Recipe) -> None:
    """Raise NotEmbedded unless a file is whole and has exactly this recipe."""
    found = Found()
    survey(target, extension, found)
    written = recipe_in(found)
    if written is None or to_text(written) != to_text(recipe):
        raise NotEmbedded("its recipe is not the one that was written")
