"""MP3: an ID3 tag before the first frame."""

from functools import partial
from typing import BinaryIO

from piooy_cli.media import audio_integrity
from piooy_cli.media.metadata import id3
from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded, Plan, Planner
from piooy_cli.media.metadata.id3 import Tag
from piooy_cli.media.metadata.recipe import Recipe
from piooy_cli.media.metadata.streams import part

_NEW = 4  # the version of a new tag


def survey(file: BinaryIO, size: int, found: Found) -> Planner:
    """Read the tag, check every frame, and return how to add a recipe."""
    end = id3.length(part(file, 0, id3.HEAD))
    tag = id3.read(part(file, 0, end), found) if end else Tag(_NEW, b"")
    if not audio_integrity.mp3(file, size):
        raise NotEmbedded("it is not frame after frame to its end")
    return partial(_plan, found, tag, end)


def _plan(found: Found, tag: Tag, end: int, recipe: Recipe) -> Plan:
    data, left_out = id3.written(tag, recipe, found)
    return Plan([Edit(0, end, data)], left_out)
