"""The contact sheet at the end of a sweep."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import StorageRefused

if TYPE_CHECKING:
    from pathlib import Path

    from piooy_cli.batch.prepare import Batch
    from piooy_cli.batch.rows import BatchRow
    from piooy_cli.batch.sheet.cell import SheetCell
    from piooy_cli.batch.sweep import Axis
    from piooy_cli.ledger.store import OrderStore


def draw_contact_sheet(
    context: Context,
    store: "OrderStore",
    batch: "Batch",
    axes: "Sequence[Axis]",
    directory: "Path",
) -> None:
    """Draw the contact sheet beside the sweep's files; return a line saying where, or why not."""
    try:
        from piooy_cli.batch.sheet import sheet
    except ImportError:
        context.output.note("  no contact sheet without Pillow: pip install 'piooy[sheet]'")
        return
    rows = batch.row_store.cells(sheet.MOST_CELLS + 1)
    path = directory / f"{batch.name}.png"
    try:
        cells = [_cell(store, batch.name, row) for row in rows]
        sheet.draw_sheet([axis.name for axis in axes], cells, path)
    except (ValueError, StorageRefused) as reason:  # no reason to forget what the rows came to
        context.output.note(f"  no contact sheet: {reason}")
        return
    context.output.note(f"  contact sheet: {path}")


def _cell(store: "OrderStore", batch: str, row: "BatchRow") -> "SheetCell":
    from pathlib import Path

    from piooy_cli.batch.sheet.cell import SheetCell
    from piooy_cli.domain.models import Kind, Role

    sent = store.newest_order(batch, row.key)
    if sent is None:
        return SheetCell(row.cell, note="open")
    results = [asset for asset in sent.task.assets if asset.role is Role.RESULT]
    for asset in [asset for asset in sent.task.assets if asset.kind is Kind.IMAGE]:
        if file := store.saved_file(sent.task.id, asset.n):
            return SheetCell(row.cell, Path(file[0]), "")
    kind = str(results[0].kind) if sent.task.succeeded and results else ""
    return SheetCell(row.cell, note=kind or sent.task.status.lower())
