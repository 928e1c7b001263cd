"""Parsing a manifest into rows: JSON Lines, CSV or one prompt per line, as they arrive.

A bad line is a `BadLine` among the rows, so that all of them can be reported at once.
"""

import json
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import chain
from typing import Any

from piooy_cli.batch.manifest_csv import csv_rows, delimiter_of, is_header
from piooy_cli.batch.manifest_lines import (
    MANIFEST_FIELDS,
    TEXTS,
    UNSENDABLE,
    BadLine,
    NumberedLine,
    RawRow,
    decoded_lines,
    is_deep,
    split_urls,
)
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.text import is_blank, parse_json


class ManifestFormat(StrEnum):
    """The format of a manifest."""

    JSONL = "jsonl"
    CSV = "csv"
    LINES = "lines"


_ENDINGS = {
    "jsonl": ManifestFormat.JSONL, "ndjson": ManifestFormat.JSONL, "json": ManifestFormat.JSONL,
    "csv": ManifestFormat.CSV, "tsv": ManifestFormat.CSV, "tab": ManifestFormat.CSV,
}  # fmt: skip


_BROKEN = "contains a NUL character or half a character"
_LINE_ENDS = re.compile(r"[\r\n]+")  # in files whose line ends are mixed
_PRETTY = "is not a whole JSON object; `jq -c .` puts each object on a line of its own"
_A_LIST = "is not a JSON object; `jq -c '.[]'` turns a list into lines"


def manifest_rows(
    pieces: Iterable[bytes], form: ManifestFormat | None, name: str
) -> Iterator[RawRow | BadLine]:
    """Yield the rows of a manifest. `form`: None to detect it by the `name` or first line."""
    lines = decoded_lines(pieces)
    for first in lines:
        if isinstance(first, BadLine) and not first.ends:
            yield first  # what it was to be, the next one may tell
        elif isinstance(first, BadLine) or _says(first[1]):
            text = "" if isinstance(first, BadLine) else first[1]
            form = form or detect_format(name, text)
            if form is ManifestFormat.CSV:
                yield from csv_rows(chain([first], lines), delimiter_of(text))
            else:
                yield from _each(chain([first], lines), form)
            return


def detect_format(name: str, first: str) -> ManifestFormat:
    """Detect the format by the file name, else by the first line."""
    ending = name.lower().rpartition(".")[2]
    if "." in name and ending in _ENDINGS:
        return _ENDINGS[ending]
    if is_header(first):
        return ManifestFormat.CSV
    if ending != "txt" and first.lstrip().startswith(("{", "[")):
        return ManifestFormat.JSONL
    return ManifestFormat.LINES


def _each(
    lines: Iterable[NumberedLine | BadLine], form: ManifestFormat
) -> Iterator[RawRow | BadLine]:
    """Yield a row for each line that is neither blank nor a comment."""
    read = _json_row if form is ManifestFormat.JSONL else _prompt_row
    for line in lines:
        if isinstance(line, BadLine):
            yield line
        elif form is ManifestFormat.LINES:
            parts = _LINE_ENDS.split(line[1])
            yield from (read(line[0], part) for part in parts if _says(part))
        elif _says(line[1]):
            yield read(*line)


def _says(text: str) -> bool:
    """Whether a line is neither blank nor a comment."""
    return not is_blank(text) and not text.startswith("#")


def _prompt_row(number: int, text: str) -> RawRow | BadLine:
    if UNSENDABLE.search(text):
        return BadLine(number, "contains a NUL character")
    return RawRow(number, {"prompt": text})


def _json_row(number: int, text: str) -> RawRow | BadLine:
    try:
        value = parse_json(text)
    except RecursionError:
        return BadLine(number, "is not valid JSON: too deeply nested")
    except json.JSONDecodeError as error:
        if text.strip() in ("[", "{"):
            return BadLine(number, _A_LIST if text.strip() == "[" else _PRETTY)
        return BadLine(number, f"is not valid JSON: {error.msg}, column {error.colno}")
    except ValueError as error:
        return BadLine(number, f"is not valid JSON: {error}")
    if not isinstance(value, dict):
        return BadLine(number, _A_LIST if isinstance(value, list) else "is not a JSON object")
    try:
        return RawRow(number, checked_fields(value))
    except UsageError as error:
        return BadLine(number, error.message)


def checked_fields(value: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a row, each of its type. Raises UsageError, without where it is."""
    fields = {name: inner for name, inner in value.items() if inner is not None}
    if fault := next(filter(None, (_fault(name, fields) for name in fields)), None):
        raise UsageError(fault)
    return fields


def _fault(name: str, fields: dict[str, Any]) -> str | None:
    """Return what is wrong with a field; None if nothing is. An id may be a number."""
    value = fields[name]
    if name not in MANIFEST_FIELDS:
        return f"has an unknown field {name[:60]!r}; known: {', '.join(MANIFEST_FIELDS)}"
    if name == "options":
        if not isinstance(value, dict):
            return "options must be an object"
        return "options are nested too deep" if is_deep(value) else None
    if name == "tags":
        is_texts = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
        return None if is_texts else "tags must be an object of texts"
    if name == "id" and type(value) is int:
        value = fields[name] = str(value)
    if name in TEXTS:
        if not isinstance(value, str):
            return f"{name} must be text"
        return f"{name} {_BROKEN}" if UNSENDABLE.search(value) else None
    if isinstance(value, str):
        value = [value]
    if not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return f"{name} must be a list of URLs"
    fields[name] = [url for one in value for url in split_urls(one)]
    return f"{name} {_BROKEN}" if any(map(UNSENDABLE.search, value)) else None
