"""The lines of a manifest: as bytes, as rows with fields, and bad ones."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

LONGEST_LINE = 16 << 20  # bytes: a picture of 10 MiB as base64, and room for the rest
DEEPEST = 100
TEXTS = ("prompt", "model", "media", "provider", "scene", "output", "id")
LISTS = ("images", "videos")
MANIFEST_FIELDS = (*TEXTS, *LISTS, "options", "tags")
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # ZIP (xlsx, ods) and OLE (xls)
_NEXT_URL = re.compile(r"[,;]?\s+|[,;](?=https?://)", re.IGNORECASE)
UNSENDABLE = re.compile("[\x00\ud800-\udfff]")  # what no JSON text in UTF-8 can carry


class RawRow(NamedTuple):
    """One line's fields, known by name and type."""

    line: int
    fields: dict[str, Any]


class BadLine(NamedTuple):
    """A line that is not a valid row, and why. `ends`: nothing after it was read."""

    line: int
    reason: str
    ends: bool = False


def is_deep(value: Any, levels: int = DEEPEST) -> bool:
    """Whether a value is nested so deeply that Python could not write it."""
    if not levels:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(is_deep(one, levels - 1) for one in inner)


def split_urls(text: str) -> list[str]:
    """Return the URLs in one cell: separated by spaces, commas or semicolons."""
    parts = (part if part[:5] == "data:" else part.strip(",;") for part in _NEXT_URL.split(text))
    return [part for part in parts if part]


NumberedLine = tuple[int, str]  # the number of a line, and what it says


def decoded_lines(pieces: Iterable[bytes]) -> Iterator[NumberedLine | BadLine]:
    """Yield lines of UTF-8 without line ends, numbered from 1, as the pieces arrive."""
    for line in _lines_of(pieces):
        yield line if isinstance(line, BadLine) else _decoded(*line)
        if line[0] == 1 and not isinstance(line, BadLine) and _is_utf16(line[1]):
            return


def _lines_of(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes] | BadLine]:
    """Yield lines of bytes. A line that is too long ends the reading."""
    number, held, end = 0, b"", b""
    for piece in pieces:
        new = max(len(held) - 1, 0)
        held += piece
        end = end or _line_end(held, new)
        *whole, held = held.split(end) if end else (held,)
        for line in whole:
            number += 1
            if len(line) > LONGEST_LINE:
                yield _too_long(number)
                return
            yield number, line
        if len(held) - held.endswith(b"\r") > LONGEST_LINE:  # which may be the line's end
            yield _too_long(number + 1)
            return
    if held:
        yield number + 1, held


def _line_end(beginning: bytes, start: int) -> bytes:
    """Return what ends the lines: a lone CR if the first line ends so; empty if none ends yet.

    Nothing before `start` ends a line.
    """
    newline, cr = beginning.find(b"\n", start), beginning.find(b"\r", start)
    if cr < 0 or 0 <= newline < cr:
        return b"\n" if newline >= 0 else b""
    after = beginning[cr + 1 : cr + 2]
    return b"\n" if after == b"\n" else b"\r" if after else b""


def _too_long(number: int) -> BadLine:
    return BadLine(number, f"is longer than {LONGEST_LINE >> 20} MiB", ends=True)


def _decoded(number: int, data: bytes) -> NumberedLine | BadLine:
    if number == 1:
        if _is_utf16(data):
            return BadLine(1, "is UTF-16; save the manifest as UTF-8", ends=True)
        if data.startswith(_SPREADSHEETS):
            return BadLine(1, "is a spreadsheet or an archive; export it as CSV", ends=True)
    try:
        # Files that were put together have a mark at the start of each.
        return number, data.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text: byte {error.start}; save the manifest as UTF-8"
        return BadLine(number, what)


def _is_utf16(data: bytes) -> bool:
    return data.startswith((b"\xff\xfe", b"\xfe\xff"))
