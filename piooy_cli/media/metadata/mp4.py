"""MP4, MOV and M4A: tags in `moov`, an XMP packet in a box of its own, and the index corrected."""

from functools import partial
from typing import BinaryIO, NamedTuple

from piooy_cli.media.metadata import boxes, mp4_samples, mp4_tags, parameters, xmp
from piooy_cli.media.metadata.boxes import Box
from piooy_cli.media.metadata.found import Edit, Found, NotEmbedded, Plan, Planner
from piooy_cli.media.metadata.mp4_samples import Table
from piooy_cli.media.metadata.mp4_tags import Insert, Meta
from piooy_cli.media.metadata.recipe import Recipe, to_text
from piooy_cli.media.metadata.streams import part

_SIGNED = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_KNOWN = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid"})
_FRAGMENTS = frozenset({b"moof", b"sidx", b"ssix", b"styp", b"mfra", b"mvex"})
_IN_MOVIE = frozenset({b"mvhd", b"trak", b"udta", b"meta", b"iods", b"free", b"skip", b"wide"})
_IN_TRACK = frozenset(
    {b"tkhd", b"tref", b"edts", b"mdia", b"udta", b"tapt", b"load", b"free", b"skip"}
)


class _Layout(NamedTuple):
    """The index in memory, where it and the packet are, and the tags in it."""

    movie: Box
    moov: bytes
    packet: Edit
    tables: list[Table]
    meta: Meta | None
    new_meta: bytes  # the kind of tags, if there are none


def survey(file: BinaryIO, size: int, found: Found, kind: bytes = mp4_tags.KEYS) -> Planner:
    """Read the index, check where it points, and return how to add a recipe."""
    outer = boxes.in_file(file, size)
    packet = Edit(size, size, b"")
    for box in outer:
        if box.name == b"uuid" and _read_own(file, box, found):
            packet = Edit(box.start, box.end, b"")
    index = boxes.only(outer, b"moov")
    if not index.is_short:
        raise NotEmbedded("its index is not understood")
    moov = part(file, index.start, index.end - index.start)
    meta = _meta(moov, found)
    _check_names(outer, _KNOWN)
    media = [box for box in outer if box.name == b"mdat"]
    tables = [mp4_samples.table(moov, track, media) for track in _tracks(moov)]
    return partial(_plan, found, _Layout(index, moov, packet, tables, meta, kind))


def _read_own(file: BinaryIO, box: Box, found: Found) -> bool:
    """Read a box of a kind that its first 16 bytes tell, and return whether it is the packet."""
    kind = part(file, box.body, min(16, box.end - box.body))
    if kind == _SIGNED:
        found.sign("C2PA")
    if kind == _XMP:
        found.add_xmp(part(file, box.body + 16, box.end - box.body - 16))
    return kind == _XMP


def _check_names(inner: list[Box], known: frozenset[bytes]) -> None:
    for box in inner:
        if box.name in _FRAGMENTS:
            raise NotEmbedded("it is in fragments")
        if box.name not in known:
            raise NotEmbedded(f"its box {box.name.decode('latin-1')!r} is not understood")


def _movie(moov: bytes) -> list[Box]:
    return boxes.children(moov, 8, len(moov))


def _tracks(moov: bytes) -> list[Box]:
    inner = _movie(moov)
    _check_names(inner, _IN_MOVIE)
    boxes.only(inner, b"mvhd")
    tracks = [box for box in inner if box.name == b"trak"]
    for track in tracks:
        _check_names(boxes.children(moov, track.body, track.end), _IN_TRACK)
    if not tracks:
        raise NotEmbedded("it has no tracks")
    return tracks


def _meta(moov: bytes, found: Found) -> Meta | None:
    """Return the tags of the movie, wherever they are; those in `udta` go first."""
    inner = _movie(moov)
    around = [box for box in inner if box.name == b"udta"]
    if len(around) > 1:
        raise NotEmbedded("its tags are not understood")
    own = _user_data(moov, around[0]) if around else []
    for box in own:
        mp4_tags.read_plain(moov, box, found)
    places = [box for box in [*own, *inner] if box.name == b"meta"]
    metas = [mp4_tags.read(moov, box, found) for box in places]
    return metas[0] if metas else None


def _user_data(moov: bytes, box: Box) -> list[Box]:
    """Return what is in `udta`, which QuickTime may end with a zero."""
    try:
        return boxes.children(moov, box.body, box.end)
    except NotEmbedded:
        if moov[max(box.end - 4, box.body) : box.end] != b"\0\0\0\0":
            raise
        return boxes.children(moov, box.body, box.end - 4)


def _plan(found: Found, layout: _Layout, recipe: Recipe) -> Plan:
    texts, left_out = _texts(recipe, found)
    packet, more_left_out = xmp.written(recipe, found.xmp, whole=False)
    inserts = _inserts(layout, texts)
    box = layout.packet._replace(data=boxes.made(b"uuid", _XMP + packet))
    index = Edit(layout.movie.start, layout.movie.end, _index(layout, inserts, len(texts), box))
    return Plan([index, box], left_out + more_left_out)


def _texts(recipe: Recipe, found: Found) -> tuple[dict[str, str], list[str]]:
    """Return the new tags, and the names of those that the file has already."""
    wanted = {"piooy_recipe": to_text(recipe)}
    if text := parameters.written(recipe):
        prompt = parameters.clean(recipe.prompt or "")
        wanted |= {"parameters": text, "description": prompt, "comment": prompt}
    new = {name: text for name, text in wanted.items() if name not in found.texts}
    return new, [name for name in wanted if name not in new]


def _inserts(layout: _Layout, texts: dict[str, str]) -> list[Insert]:
    inner = _movie(layout.moov)
    around = [box for box in inner if box.name == b"udta"]
    if layout.meta:
        inside = around and around[0].start < layout.meta.box.start < around[0].end
        parents = (0, around[0].start) if inside else (0,)
        return mp4_tags.longer(layout.moov, layout.meta, texts, parents)
    data = mp4_tags.new(layout.new_meta, texts)
    if around:
        return [Insert(around[0].body, data, (0, around[0].start))]
    return [Insert(len(layout.moov), boxes.made(b"udta", data), (0,))]


def _index(layout: _Layout, inserts: list[Insert], count: int, packet: Edit) -> bytes:
    """Return `moov` with longer tags, and with the places to which the media data moves."""
    growth = sum(len(one.data) for one in inserts)
    wider = len(packet.data) - (packet.end - packet.start)

    def moved(offset: int) -> int:
        after = growth if offset >= layout.movie.end else 0
        return offset + after + (wider if offset >= packet.end else 0)

    moov = bytearray(layout.moov)
    for table in layout.tables:
        mp4_samples.shift(moov, table, moved)
    if layout.meta:
        mp4_tags.count_keys(moov, layout.meta, count)
    mp4_tags.insert(moov, inserts)
    return bytes(moov)
