"""WAV: an `id3 ` chunk, and the comment in LIST/INFO, which players of RIFF show."""

from functools import partial
from typing import BinaryIO, NamedTuple

from piooy_cli.media.metadata import id3, riff
from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded, Plan, Planner
from piooy_cli.media.metadata.id3 import Tag
from piooy_cli.media.metadata.recipe import Recipe
from piooy_cli.media.metadata.riff import Chunk
from piooy_cli.media.metadata.streams import part

_NEW = 4  # the version of a new tag
_COMMENT = b"ICMT"
_TAGS = (b"id3 ", b"ID3 ")


class _Layout(NamedTuple):
    """Where the tag goes, what it has already, and where the comment goes; all with their data."""

    place: Edit
    tag: Tag
    info: Edit | None
    has_comment: bool


def survey(file: BinaryIO, size: int, found: Found) -> Planner:
    """Follow the chunks and return how to add a recipe."""
    chunks = riff.chunks(file, size, b"WAVE", found)
    layout = _Layout(Edit(size, size, b"id3 "), Tag(_NEW, b""), None, False)
    for chunk in chunks:
        layout = _read(file, chunk, layout, found)
    names = [chunk.name for chunk in chunks]
    if names.count(b"fmt ") != 1 or names.count(b"data") != 1:
        raise NotEmbedded("it is not one piece of sound")
    if names.index(b"data") < names.index(b"fmt "):
        raise NotEmbedded("its chunks are in no known order")
    return partial(_plan, found, layout, size)


def _read(file: BinaryIO, chunk: Chunk, layout: _Layout, found: Found) -> _Layout:
    if chunk.name == b"_PMX":
        found.add_xmp(part(file, chunk.data, chunk.length))
    if chunk.name in _TAGS:
        if layout.place.data != b"id3 " or layout.place.start != layout.place.end:
            raise NotEmbedded("it has more than one ID3 tag")
        tag = id3.read(part(file, chunk.data, chunk.length), found)
        return layout._replace(place=Edit(chunk.start, chunk.end, chunk.name), tag=tag)
    if chunk.name == b"LIST" and part(file, chunk.data, min(chunk.length, 4)) == b"INFO":
        return _read_info(file, chunk, layout, found)
    return layout


def _read_info(file: BinaryIO, chunk: Chunk, layout: _Layout, found: Found) -> _Layout:
    data = part(file, chunk.data, chunk.length)
    at, has_comment = 4, layout.has_comment
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == _COMMENT:
            text = data[at + 8 : at + 8 + length].rstrip(b"\0").decode("utf-8", "replace")
            found.add_text("info comment", text)
            has_comment = True
        at += 8 + length + length % 2
    whole = at in (len(data), len(data) + 1)  # some leave out the padding of the last one
    info = Edit(chunk.start, chunk.end, data + b"\0" * (at - len(data))) if whole else None
    return layout._replace(info=info, has_comment=has_comment or not whole)


def _plan(found: Found, layout: _Layout, size: int, recipe: Recipe) -> Plan:
    data, left_out = id3.written(layout.tag, recipe, found)
    edits = [layout.place._replace(data=riff.chunk(layout.place.data, data))]
    if comment := _info(layout, recipe, size):
        edits.insert(0, comment)
    elif recipe.prompt is not None:
        left_out.append("ICMT")
    return Plan(riff.resized(edits, size), left_out)


def _info(layout: _Layout, recipe: Recipe, size: int) -> Edit | None:
    """Return the comment, unless there is one, or the prompt has other than Latin letters."""
    if recipe.prompt is None or layout.has_comment:
        return None
    try:
        text = recipe.prompt.replace("\0", " ").encode("latin-1") + b"\0"
    except UnicodeEncodeError:
        return None
    place = layout.info or Edit(size, size, b"INFO")
    return place._replace(data=riff.chunk(b"LIST", place.data + riff.chunk(_COMMENT, text)))
