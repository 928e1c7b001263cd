"""The layout of a contact sheet: columns and rows, and their sizes in pixels."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.batch.sheet.captions import NAME, VALUE, Fonts, Label, TextBlock, height
from piooy_cli.batch.sheet.pictures import picture_size

if TYPE_CHECKING:
    from piooy_cli.batch.sheet.cell import SheetCell

LONGEST_SIDE = 12_000
THUMBNAIL = 256
_MOST_PIXELS = 48_000_000  # of the sheet: 190 MB while it is drawn
_SIDES = (THUMBNAIL, 224, 192, 160, 128, 96, 64)

MARGIN = 32
GAP = 16
ROW_GAP = 32
_HEADER_WIDTH = 200  # of a row's


class _Plan(NamedTuple):
    """Cells in reading order, and the text around them."""

    cells: "Sequence[SheetCell]"
    columns: int
    heads: Sequence[Label] = ()  # over each column
    sides: Sequence[Label] = ()  # before each row
    title: str = ""
    captions: Sequence[str] = ()  # under each cell

    @property
    def rows(self) -> int:
        """The number of rows."""
        return math.ceil(len(self.cells) / self.columns)

    def may_fit(self, box: tuple[int, int]) -> bool:
        """Whether the pictures alone would fit: measuring text takes long."""
        wide, high = self.columns * box[0], self.rows * box[1]
        return max(wide, high) <= LONGEST_SIDE and wide * high <= _MOST_PIXELS


def _table(axes: Sequence[str], cells: "Sequence[SheetCell]") -> _Plan | None:
    """Plan a table, the first axis as columns; None if that would leave gaps."""
    columns = list(dict.fromkeys(cell.labels[:1] for cell in cells))
    rows = list(dict.fromkeys(cell.labels[1:] for cell in cells))
    placed = {cell.labels: cell for cell in cells}
    if len(axes) < 2 or not len(placed) == len(cells) == len(columns) * len(rows):
        return None
    ordered = [placed[column + row] for row in rows for column in columns]
    heads = [tuple(zip(axes, column, strict=False)) for column in columns]
    sides = [tuple(zip(axes[1:], row, strict=False)) for row in rows]
    return _Plan(ordered, len(columns), heads, sides)


def _grid(axes: Sequence[str], cells: "Sequence[SheetCell]") -> _Plan:
    """Plan about as many columns as rows."""
    columns = math.ceil(math.sqrt(len(cells)))
    captions = [" · ".join(cell.labels) for cell in cells]
    return _Plan(cells, columns, title=" · ".join(axes), captions=captions)


class Layout(NamedTuple):
    """A plan in pixels. Each thumbnail has to fit into `box`."""

    plan: _Plan
    box: tuple[int, int]
    fonts: Fonts
    heads: list[TextBlock]
    sides: list[TextBlock]
    captions: list[TextBlock]
    title: TextBlock

    @property
    def left(self) -> int:
        """The left edge of the first column."""
        wide = max((line.width for block in self.sides for line in block), default=0)
        return MARGIN + (math.ceil(wide) + 2 * GAP if self.sides else 0)

    @property
    def top(self) -> int:
        """The top edge of the first row."""
        high = _highest([*self.heads, self.title])
        return MARGIN + (high + 2 * GAP if high else 0)

    @property
    def row(self) -> int:
        """The height of each row."""
        return max(self.box[1] + under(self.captions), _highest(self.sides))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole sheet."""
        wide = self.left + self.plan.columns * (self.box[0] + GAP) - GAP + MARGIN
        high = self.top + self.plan.rows * (self.row + ROW_GAP) - ROW_GAP + MARGIN
        return wide, high

    @property
    def fits(self) -> bool:
        """Whether a sheet of this size is allowed."""
        return max(self.size) <= LONGEST_SIDE and math.prod(self.size) <= _MOST_PIXELS


def layout_of(axes: Sequence[str], cells: "Sequence[SheetCell]") -> Layout:
    """Lay out the cells with the largest thumbnails that fit; a table only if it fits."""
    sizes = [size for cell in cells if cell.picture and (size := picture_size(cell.picture))]
    fonts = Fonts()
    for plan in (_table(axes, cells), _grid(axes, cells)):
        for box in (_box(sizes, side) for side in _SIDES):
            if plan and plan.may_fit(box) and (layout := _laid_out(plan, box, fonts)).fits:
                return layout
    raise ValueError("the cells do not fit on a contact sheet")


def _laid_out(plan: _Plan, box: tuple[int, int], fonts: Fonts) -> Layout:
    heads = [fonts.label(label, box[0]) for label in plan.heads]
    sides = [fonts.label(label, _HEADER_WIDTH) for label in plan.sides]
    captions = [fonts.lines(text, VALUE, box[0], 2) for text in plan.captions]
    whole = plan.columns * (box[0] + GAP) - GAP
    title = fonts.lines(plan.title, NAME, whole, 2)
    return Layout(plan, box, fonts, heads, sides, captions, title)


def _box(sizes: Sequence[tuple[int, int]], side: int) -> tuple[int, int]:
    """Return a box that fits all pictures, scaled to `side`, and a note."""
    least = side * 3 // 8
    scaled = [(side / max(size), size) for size in sizes or [(4 * side, 3 * side)]]
    wide, high = (max(min(scale, 1) * size[n] for scale, size in scaled) for n in (0, 1))
    return max(round(wide), least), max(round(high), least)


def _highest(blocks: Sequence[TextBlock]) -> int:
    return max(map(height, blocks), default=0)


def under(captions: Sequence[TextBlock]) -> int:
    """Return the height of the captions below a picture."""
    return _highest(captions) + GAP // 2 if captions else 0
