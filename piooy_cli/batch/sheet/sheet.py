"""Drawing the contact sheet of a sweep: small pictures between labelled axes, as a PNG.

Needs Pillow, which is optional: importing this raises ImportError where it is missing.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from piooy_cli.batch.sheet.captions import NOTE, TextBlock, height
from piooy_cli.batch.sheet.cell import SheetCell
from piooy_cli.batch.sheet.layout import GAP, MARGIN, ROW_GAP, Layout, layout_of, under
from piooy_cli.batch.sheet.pictures import PAPER, thumbnail, write_picture
from piooy_cli.files.errors import disk_errors

MOST_CELLS = 1000
_EMPTY = (238, 238, 238)
_LINE = (224, 224, 224)


def draw_sheet(axes: Sequence[str], cells: Sequence[SheetCell], path: Path) -> None:
    """Draw the sheet into `path`, replacing an older one as a whole.

    Two or more axes make a table, the first one as columns, if there is a cell for every column
    and row; otherwise cells are side by side, each above its values. A picture that cannot be read
    becomes a grey box. Raises ValueError for no cells or more than MOST_CELLS, and StorageRefused.
    """
    if not cells:
        raise ValueError("a contact sheet needs at least one cell")
    if len(cells) > MOST_CELLS:
        raise ValueError(f"a contact sheet has room for {MOST_CELLS:,} cells, not {len(cells):,}")
    sheet = _Sheet(layout_of(axes, cells))
    with disk_errors(path):
        write_picture(sheet.image, path)


class _Sheet:
    """Draws one sheet."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.image = Image.new("RGB", layout.size, PAPER)
        self._draw = ImageDraw.Draw(self.image)
        self._around()
        for number, cell in enumerate(layout.plan.cells):
            self._cell(cell, *self._place(number))

    def _place(self, number: int) -> tuple[int, int]:
        """Return the upper left corner of a cell's box."""
        layout = self._layout
        row, column = divmod(number, layout.plan.columns)
        x = layout.left + column * (layout.box[0] + GAP)
        free = layout.row - layout.box[1] - under(layout.captions)
        return x, layout.top + row * (layout.row + ROW_GAP) + free // 2

    def _around(self) -> None:
        """Draw titles, headers, captions and separators."""
        layout = self._layout
        self._text(layout.title, MARGIN, MARGIN)
        for column, block in enumerate(layout.heads):
            x, _ = self._place(column)
            bottom = layout.top - 2 * GAP - height(block)
            self._text(block, x, bottom, layout.box[0])
        self._rows()
        self._separators()

    def _rows(self) -> None:
        """Draw the captions below cells, and the headers of rows."""
        layout = self._layout
        for number, block in enumerate(layout.captions):
            x, y = self._place(number)
            self._text(block, x, y + layout.box[1] + GAP // 2, layout.box[0])
        for row, block in enumerate(layout.sides):
            y = layout.top + row * (layout.row + ROW_GAP)
            self._text(block, MARGIN, y + (layout.row - height(block)) // 2)

    def _separators(self) -> None:
        layout = self._layout
        right, bottom = (length - MARGIN for length in layout.size)
        if layout.title or layout.heads:
            self._draw.line((MARGIN, layout.top - GAP, right, layout.top - GAP), _LINE)
        for row in range(1, layout.plan.rows if layout.sides else 1):
            y = layout.top + row * (layout.row + ROW_GAP) - ROW_GAP // 2
            self._draw.line((MARGIN, y, right, y), _LINE)
        if layout.sides:
            x = layout.left - GAP
            self._draw.line((x, MARGIN, x, bottom), _LINE)

    def _text(self, block: TextBlock, x: int, y: int, width: int | None = None) -> None:
        """Draw lines below each other, centered in `width` if one is given."""
        for line in block:
            indent = 0 if width is None else (width - line.width) / 2
            baseline = y + line.style.height - line.style.size / 3
            self._draw.text((x + indent, baseline), line.text, line.style.color, line.font, "ls")
            y += line.style.height

    def _cell(self, cell: SheetCell, x: int, y: int) -> None:
        wide, high = self._layout.box
        shown = thumbnail(cell.picture, self._layout.box) if cell.picture else cell.note
        if isinstance(shown, str):
            self._note(cell.note or shown, x, y)
            return
        x, y = x + (wide - shown.width) // 2, y + (high - shown.height) // 2
        self._draw.rectangle((x - 1, y - 1, x + shown.width, y + shown.height), outline=_LINE)
        self.image.paste(shown, (x, y))

    def _note(self, note: str, x: int, y: int) -> None:
        wide, high = self._layout.box
        self._draw.rectangle((x, y, x + wide - 1, y + high - 1), _EMPTY)
        most = max((high - GAP) // NOTE.height, 1)
        block = self._layout.fonts.lines(note, NOTE, wide - GAP, most)
        self._text(block, x, y + (high - height(block)) // 2, wide)
