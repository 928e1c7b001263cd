"""FLAC (RFC 9639): comments of Vorbis in a metadata block before the first frame."""

import struct
from functools import partial
from typing import BinaryIO, NamedTuple

from piooy_cli.media import audio_integrity
from piooy_cli.media.metadata import id3, parameters
from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded, Plan, Planner
from piooy_cli.media.metadata.recipe import Recipe, to_text
from piooy_cli.media.metadata.streams import part

_COMMENTS, _INVALID, _LAST = 4, 127, 0x80
_LONGEST = (1 << 24) - 1
_VENDOR = b"piooy"
_AFTER_STREAM_INFO = 42
_MOST_BLOCKS = 10_000


class _Comments(NamedTuple):
    """Vendor and comments as they are in the file."""

    vendor: bytes
    number: int
    data: bytes


class _Layout(NamedTuple):
    """Where the comments go, the first byte of their block, and what they have already."""

    place: Edit
    comments: _Comments


def survey(file: BinaryIO, size: int, found: Found) -> Planner:
    """Read the metadata blocks, check the last frame, and return how to add a recipe."""
    head = part(file, 0, id3.HEAD)
    if end := id3.length(head):
        id3.read(part(file, 0, end), found)
    if head[:4] != b"fLaC":
        raise NotEmbedded("it does not begin as FLAC does")
    layout = _layout(file, found)
    if not audio_integrity.flac(file, size):
        raise NotEmbedded("its last frame is not whole")
    return partial(_plan, found, layout)


def _layout(file: BinaryIO, found: Found) -> _Layout:
    """Go through the blocks. New comments follow the first block, which is never the last then."""
    at, kinds, layout = 4, list[int](), None
    while not kinds or not kinds[-1] & _LAST:
        kind, length = part(file, at, 1)[0], int.from_bytes(part(file, at + 1, 3), "big")
        if kind & 0x7F == _COMMENTS:
            comments = _read(part(file, at + 4, length), found)
            layout = _Layout(Edit(at, at + 4 + length, bytes([kind])), comments)
        kinds.append(kind)
        at += 4 + length
        if len(kinds) > _MOST_BLOCKS or kind & 0x7F == _INVALID:
            raise NotEmbedded("its blocks are not understood")
    plain = [kind & 0x7F for kind in kinds]
    if plain[0] or 0 in plain[1:] or plain.count(_COMMENTS) > 1 or part(file, at, 1) != b"\xff":
        raise NotEmbedded("its blocks are not understood")
    return layout or _new(kinds)


def _new(kinds: list[int]) -> _Layout:
    """Return a place for comments; if the first block was the last one, it has to be told."""
    none = _Comments(_VENDOR, 0, b"")
    place = Edit(_AFTER_STREAM_INFO, _AFTER_STREAM_INFO, bytes([_COMMENTS | kinds[0] & _LAST]))
    return _Layout(place, none)


def _read(data: bytes, found: Found) -> _Comments:
    vendor, at = _field(data, 0)
    (count,) = struct.unpack_from("<I", data, at)
    start = at = at + 4
    for _ in range(count):
        comment, at = _field(data, at)
        name, _, text = comment.decode("utf-8", "replace").partition("=")
        found.add_text(name, text)
    if at != len(data):
        raise NotEmbedded("its comments are not understood")
    return _Comments(vendor, count, data[start:])


def _field(data: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from("<I", data, at)
    if at + 4 + length > len(data):
        raise NotEmbedded("its comments are not understood")
    return data[at + 4 : at + 4 + length], at + 4 + length


def _plan(found: Found, layout: _Layout, recipe: Recipe) -> Plan:
    comments, left_out = [f"piooy_recipe={to_text(recipe)}"], list[str]()
    if recipe.prompt is not None and "description" not in found.texts:
        comments.insert(0, f"DESCRIPTION={parameters.clean(recipe.prompt)}")
    elif recipe.prompt is not None:
        left_out.append("description")
    block = _block(layout, [comment.encode() for comment in comments])
    edits = [layout.place._replace(data=block)]
    if layout.place.start == layout.place.end:
        edits.insert(0, Edit(4, 5, b"\0"))  # the first block is not the last one any more
    return Plan(edits, left_out)


def _block(layout: _Layout, new: list[bytes]) -> bytes:
    vendor, number, old = layout.comments
    data = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", number + len(new)) + old
    data += b"".join(struct.pack("<I", len(comment)) + comment for comment in new)
    if len(data) > _LONGEST:
        raise NotEmbedded("the recipe is too large for this format")
    return layout.place.data + len(data).to_bytes(3, "big") + data
