"""Tags of MP4 in a `meta` box: QuickTime's keys, as ffmpeg writes them, and iTunes' items."""

import struct
from typing import NamedTuple

from piooy_cli.media.metadata import boxes
from piooy_cli.media.metadata.boxes import Box
from piooy_cli.media.metadata.found import Found, NotEmbedded

KEYS, ITEMS = b"mdta", b"mdir"
_TEXT = 1
_ITEM_NAMES = {b"\xa9cmt": "comment", b"desc": "description"}
_PLAIN_NAMES = {b"\xa9cmt": "comment", b"\xa9des": "description"}
_MEAN = b"com.apple.iTunes"


class Meta(NamedTuple):
    """A `meta` box in memory: its handler, and the boxes in which tags are."""

    box: Box
    handler: bytes
    items: Box | None
    keys: Box | None


class Insert(NamedTuple):
    """Bytes to insert, and where the boxes begin that become longer."""

    at: int
    data: bytes
    parents: tuple[int, ...]


def read(data: bytes, box: Box, found: Found) -> Meta:
    """Read a `meta` box and its texts. Raises NotEmbedded if it is of another kind."""
    start = box.body if data[box.body + 4 : box.body + 8] == b"hdlr" else box.body + 4
    inner = boxes.children(data, start, box.end)
    handler = boxes.only(inner, b"hdlr")
    kind = data[handler.body + 8 : handler.body + 12]
    if kind not in (KEYS, ITEMS) or any(one.name in (b"iloc", b"iinf") for one in inner):
        raise NotEmbedded("its tags are of a kind that is not understood")
    items = boxes.only(inner, b"ilst") if any(one.name == b"ilst" for one in inner) else None
    keys = boxes.only(inner, b"keys") if kind == KEYS else None
    names = _names(data, keys) if keys else None
    for item in boxes.children(data, items.body, items.end) if items else ():
        _read_item(data, item, names, found)
    return Meta(box, kind, items, keys)


def read_plain(data: bytes, box: Box, found: Found) -> None:
    """Read a text of QuickTime, which is in `udta` itself, after its length and language."""
    if name := _PLAIN_NAMES.get(box.name):
        length = int.from_bytes(data[box.body : box.body + 2], "big")
        text = data[box.body + 4 : min(box.body + 4 + length, box.end)]
        found.add_text(name, text.decode("utf-8", "replace"))


def _names(data: bytes, keys: Box) -> list[str]:
    entries = boxes.children(data, keys.body + 8, keys.end)
    (count,) = struct.unpack_from(">I", data, keys.body + 4)
    if count != len(entries):
        raise NotEmbedded("its tags do not fit together")
    return [data[entry.body : entry.end].decode("utf-8", "replace") for entry in entries]


def _read_item(data: bytes, item: Box, names: list[str] | None, found: Found) -> None:
    parts = {box.name: box for box in boxes.children(data, item.body, item.end)}
    value = parts.get(b"data")
    if value is None:
        return
    is_text = struct.unpack_from(">I", data, value.body)[0] == _TEXT
    text = data[value.body + 8 : value.end].decode("utf-8", "replace") if is_text else ""
    if names is not None:
        number = int.from_bytes(item.name, "big")
        name = names[number - 1] if 0 < number <= len(names) else ""
    else:
        title = parts.get(b"name") if item.name == b"----" else None
        name = data[title.body + 4 : title.end].decode("utf-8", "replace") if title else ""
        name = name or _ITEM_NAMES.get(item.name, "")
    if name:
        found.add_text(name, text)


def new(kind: bytes, texts: dict[str, str]) -> bytes:
    """Return a new `meta` box with texts by their names."""
    vendor = b"appl" if kind == ITEMS else b"\0\0\0\0"
    handler = boxes.made(b"hdlr", struct.pack(">II4s4s8x", 0, 0, kind, vendor) + b"\0")
    keys = b""
    if kind == KEYS:
        keys = boxes.made(b"keys", struct.pack(">II", 0, len(texts)) + _entries(texts))
    items = boxes.made(b"ilst", _items(kind, texts, 1))
    return boxes.made(b"meta", b"\0\0\0\0" + handler + keys + items)


def longer(
    data: bytes, meta: Meta, texts: dict[str, str], parents: tuple[int, ...]
) -> list[Insert]:
    """Return what to insert for more texts in a `meta` box. `parents`: the boxes around it."""
    around, first = (*parents, meta.box.start), 1
    inserts = []
    if meta.keys:
        (count,) = struct.unpack_from(">I", data, meta.keys.body + 4)
        first = count + 1
        inserts.append(Insert(meta.keys.end, _entries(texts), (*around, meta.keys.start)))
    items = _items(meta.handler, texts, first)
    if meta.items:
        inserts.append(Insert(meta.items.end, items, (*around, meta.items.start)))
    else:
        inserts.append(Insert(meta.box.end, boxes.made(b"ilst", items), around))
    return inserts


def count_keys(moov: bytearray, meta: Meta, more: int) -> None:
    """Correct the number of keys, where they are before anything is inserted."""
    if meta.keys:
        (count,) = struct.unpack_from(">I", moov, meta.keys.body + 4)
        struct.pack_into(">I", moov, meta.keys.body + 4, count + more)


def _entries(texts: dict[str, str]) -> bytes:
    return b"".join(boxes.made(b"mdta", name.encode()) for name in texts)


def _items(kind: bytes, texts: dict[str, str], first: int) -> bytes:
    return b"".join(
        _item(kind, number, name, boxes.made(b"data", struct.pack(">II", _TEXT, 0) + text.encode()))
        for number, (name, text) in enumerate(texts.items(), first)
    )


def _item(kind: bytes, number: int, name: str, value: bytes) -> bytes:
    if kind == KEYS:
        return boxes.made(struct.pack(">I", number), value)
    known = next((item for item, shown in _ITEM_NAMES.items() if shown == name), None)
    if known:
        return boxes.made(known, value)
    mean = boxes.made(b"mean", b"\0\0\0\0" + _MEAN)
    return boxes.made(b"----", mean + boxes.made(b"name", b"\0\0\0\0" + name.encode()) + value)


def insert(moov: bytearray, inserts: list[Insert]) -> None:
    """Insert, from the last place to the first, so that places stay true."""
    for one in sorted(inserts, reverse=True):
        for start in one.parents:
            (length,) = struct.unpack_from(">I", moov, start)
            struct.pack_into(">I", moov, start, length + len(one.data))
        moov[one.at : one.at] = one.data
