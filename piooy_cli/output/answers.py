"""What a command that is not on the road hands back: a list, a line, a JSON value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows under columns. `records` is the same for programs, one object a row."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    records: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """One value. `record` is the same for programs."""

    text: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value that is the answer itself."""

    value: Any


@dataclass(frozen=True, slots=True)
class Page:
    """Text as it is, over many lines."""

    text: str


Answer = Listing | Line | Document | Page
