"""Parsing a table: CSV, or separated by tabs or semicolons. Its header names the fields."""

import csv
import re
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
    split_urls,
)
from piooy_cli.domain.tags import name_fault
from piooy_cli.domain.text import is_blank, parse_json

LONGEST_FIELD = 1 << 20
_OPTION, _TAG = "option.", "tag."
_FIELDS = tuple(name for name in MANIFEST_FIELDS if name not in ("options", "tags"))
_SPACES = " \t\u00a0"  # around a cell, spreadsheets and people leave them by mistake
_DELIMITERS = (",", "\t", ";")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?')  # which Excel writes and reads


def is_column(name: str) -> bool:
    """Whether a header may contain this name."""
    is_option = name.startswith(_OPTION) and len(name.rstrip(":")) > len(_OPTION)
    return is_option or name.startswith(_TAG) or name in _FIELDS


def is_header(line: str) -> bool:
    """Whether a line can only be the header of a table: `prompt`, alone or with other columns."""
    return any("prompt" in (names := _split(line, one)) and all(map(is_column, names))
               for one in _DELIMITERS)  # fmt: skip


def delimiter_of(header: str) -> str:
    """Return what separates the columns: the comma, unless another one makes known columns."""
    if says := _SEPARATOR_LINE.fullmatch(header.strip()):
        return says[1]
    known = (one for one in _DELIMITERS if all(map(is_column, _split(header, one))))
    return next(known, ",")


def _split(line: str, delimiter: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(delimiter)]


def csv_rows(
    lines: Iterable[NumberedLine | BadLine], delimiter: str = ","
) -> Iterator[RawRow | BadLine]:
    """Yield the rows below the header. Invalid CSV ends the reading, since no row is certain."""
    feed = _Feed(lines)
    names: list[str] = []
    for number, cells in _cells(feed, delimiter):
        if isinstance(cells, BadLine):
            yield cells
            continue
        cells = [cell.strip(_SPACES) for cell in cells]
        if all(map(is_blank, cells)) or _SEPARATOR_LINE.fullmatch(delimiter.join(cells)):
            continue
        if names:
            again = cells == names
            yield BadLine(number, "repeats the header") if again else _row(number, names, cells)
        else:
            names = cells
            if fault := _header_fault(names):
                yield BadLine(number, fault, ends=True)
                return


def _cells(feed: "_Feed", delimiter: str) -> Iterator[tuple[int, list[str] | BadLine]]:
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
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
            known = ", ".join(_FIELDS)
            return f"has an unknown column {name[:60]!r}; known: {known}, option.KEY, tag.NAME"
        if name.startswith(_TAG) and (fault := name_fault(name.removeprefix(_TAG))):
            return f"has the column {name[:60]!r}: {fault}"
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
        elif name.startswith(_TAG) and cell:
            fields.setdefault("tags", {})[name.removeprefix(_TAG)] = cell
        elif cell:
            fields[name] = split_urls(cell) if name in LISTS else cell
    return RawRow(number, fields)
