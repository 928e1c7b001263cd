"""One cell of a contact sheet."""

from pathlib import Path
from typing import NamedTuple


class SheetCell(NamedTuple):
    """One cell: its value on each axis, and its picture, or a `note` if there is none."""

    labels: tuple[str, ...]
    picture: Path | None = None
    note: str = ""
