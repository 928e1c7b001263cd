"""Parsing a CSV manifest. Its header names the fields; a quoted field may contain line breaks."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from piooy_cli.batch.manifest_lines import (
    LISTS,
    MANIFEST_FIELDS,
    UNSENDABLE,
    BadLine,
    NumberedLine,
    RawRow,
    is_deep,
)
from piooy_cli.domain.text import parse_json

LONGEST_FIELD = 1 << 20
_OPTION = "option."


def is_column(name: str) -> bool:
    """Whether a header may contain this name."""
    is_option = name.startswith(_OPTION) and len(name.rstrip(":")) > len(_OPTION)
    return is_option or (name in MANIFEST_FIELDS and name != "options")


def csv_rows(lines: Iterable[NumberedLine | BadLine]) -> Iterator[RawRow | BadLine]:
    """Yield the rows below the header. Invalid CSV ends the reading, since no row is certain."""
    feed = _Feed(lines)
    names: list[str] = []
    for number, cells in _cells(feed):
        if isinstance(cells, BadLine):
            yield cells
        elif names and any(cells):
            yield _row(number, names, cells)
        elif any(cells):
            names = [cell.strip() for cell in cells]
            if fault := _header_fault(names):
                yield BadLine(number, fault, ends=True)
                return


def _cells(feed: "_Feed") -> Iterator[tuple[int, list[str] | BadLine]]:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(feed, strict=True)
    try:
        for cells in reader:
            if not feed.bad:
                yield feed.began, cells
            feed.began = 0
    except csv.Error as error:
        feed.bad = feed.bad or BadLine(feed.began, f"is not valid CSV: {error}", ends=True)
    if feed.bad:
        yield feed.bad.line, feed.bad


class _Feed:
    """Feeds lines to Python's reader, which joins fields. `began`: a row's first line."""

    def __init__(self, lines: Iterable[NumberedLine | BadLine]) -> None:
        self._lines = iter(lines)
        self.began = 0
        self.bad: BadLine | None = None

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if isinstance(line, BadLine):
            self.bad = line._replace(ends=True)
            raise StopIteration
        self.began = self.began or line[0]
        return f"{line[1]}\n"


def _header_fault(names: list[str]) -> str | None:
    for name in names:
        if not is_column(name):
            known = ", ".join(name for name in MANIFEST_FIELDS if name != "options")
            return f"has an unknown column {name[:60]!r}; known: {known}, option.KEY"
        if [other.removesuffix(":") for other in names].count(name.removesuffix(":")) > 1:
            return f"has the column {name!r} twice"
    return None


def _option(name: str, cell: str) -> tuple[str, Any]:
    """Parse an option: `KEY` is text, like `-O KEY=`; `KEY:` is JSON, like `-O KEY:=`."""
    return (name[:-1], parse_json(cell)) if name.endswith(":") else (name, cell)


def _row(number: int, names: list[str], cells: list[str]) -> RawRow | BadLine:
    if len(cells) != len(names):
        return BadLine(number, f"has {len(cells)} fields where the header has {len(names)}")
    fields: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        if UNSENDABLE.search(cell):
            return BadLine(number, f"{name} contains a NUL character")
        if name.startswith(_OPTION) and cell:
            try:
                key, value = _option(name.removeprefix(_OPTION), cell)
            except (ValueError, RecursionError):
                return BadLine(number, f"{name} is not valid JSON")
            if is_deep(value):
                return BadLine(number, f"{name} is nested too deep")
            fields.setdefault("options", {})[key] = value
        elif cell:
            fields[name] = cell.split() if name in LISTS else cell
    return RawRow(number, fields)
