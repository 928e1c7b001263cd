"""What commands print that submit and fetch nothing: a table, a line, a JSON value."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Listing(NamedTuple):
    """Rows under columns. `records` is the same for programs, one object a row.

    `bars`: a share from 0 to 1 for each row, or None; drawn on a terminal.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    records: Sequence[Mapping[str, Any]]
    bars: Sequence[float | None] = ()


class Line(NamedTuple):
    """One value. `record` is the same for programs."""

    text: str
    record: Mapping[str, Any]


class Document(NamedTuple):
    """A JSON value that is printed as it is."""

    value: Any


CommandResult = Listing | Line | Document
