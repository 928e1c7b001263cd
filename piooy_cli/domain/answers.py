"""What a command that is not on the road hands back: a list, a line, a JSON value."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Listing(NamedTuple):
    """Rows under columns. `records` is the same for programs, one object a row.

    `bars`: a share of 0 to 1 for each row, None for none, drawn where a person looks.
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
    """A JSON value that is the answer itself."""

    value: Any


CommandResult = Listing | Line | Document
