"""One cell of a contact sheet."""

from pathlib import Path
from typing import NamedTuple


class SheetCell(NamedTuple):
    """One cell: where it is on each axis, and its picture, if there is one; `note` stands where
    none is."""

    labels: tuple[str, ...]
    picture: Path | None = None
    note: str = ""
