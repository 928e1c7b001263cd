"""EXIF: UserComment, where readers of A1111's recipes look, and where ComfyUI writes its graphs."""

import struct
from collections.abc import Iterator

from piooy_cli.media.metadata.found import MOST, Found

_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_LONG, _UNDEFINED, _ASCII = 4, 7, 2
_UNICODE = b"UNICODE\0"
_MOST_ENTRIES = 512
_GRAPHS = ("prompt", "workflow")


def written(text: str) -> bytes:
    """Return a TIFF structure with nothing but a UserComment."""
    comment = _UNICODE + text.encode("utf-16-be", "replace")
    first = struct.pack(">HHHIII", 1, _EXIF_IFD, _LONG, 1, 26, 0)
    second = struct.pack(">HHHIII", 1, _USER_COMMENT, _UNDEFINED, len(comment), 44, 0)
    return b"MM\0*" + struct.pack(">I", 8) + first + second + comment


def read(data: bytes, found: Found) -> None:
    """Add the texts of a TIFF structure, as far as it can be read."""
    order = {b"MM\0*": ">", b"II*\0": "<"}.get(data[:4])
    if order and len(data) <= MOST:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        for tag, kind, value in _entries(data, order, start):
            if tag == _EXIF_IFD and kind == _LONG and len(value) == 4:
                _read_exif(data, order, struct.unpack(f"{order}I", value)[0], found)
            elif kind == _ASCII:
                _read_graph(value, found)


def _read_exif(data: bytes, order: str, start: int, found: Found) -> None:
    for tag, _, value in _entries(data, order, start):
        if tag == _USER_COMMENT:
            found.add_text("parameters", _comment(value, order))


def _read_graph(value: bytes, found: Found) -> None:
    """Add a graph of ComfyUI, which names it in the text of Make or Model."""
    name, _, graph = value.rstrip(b"\0").decode("utf-8", "replace").partition(":")
    if name.lower() in _GRAPHS:
        found.add_text(name, graph)


def _entries(data: bytes, order: str, start: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield tag, type and value of each entry whose type has a known size."""
    if start + 2 > len(data):
        return
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for at in range(start + 2, start + 2 + 12 * min(count, _MOST_ENTRIES), 12):
        if at + 12 > len(data):
            return
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, at)
        size = length * {_ASCII: 1, _LONG: 4, _UNDEFINED: 1}.get(kind, 0)
        place = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, at + 8)[0]
        yield tag, kind, data[place : place + size]


def _comment(value: bytes, order: str) -> str:
    code, text = value[:8], value[8:]
    if code != _UNICODE:
        return text.rstrip(b"\0").decode("utf-8", "replace")
    high, low = text[::2].count(0), text[1::2].count(0)
    big = high > low if high != low else order == ">"  # some write the other order
    return text.decode("utf-16-be" if big else "utf-16-le", "replace").rstrip("\0")
