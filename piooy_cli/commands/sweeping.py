"""`--vary`: a request for each cell of a sweep, and the contact sheet at its end."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.asking import Asked, Asking
from piooy_cli.commands import batching
from piooy_cli.errors import StorageRefused, UsageError
from piooy_cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from piooy_cli.batch.opening import Batch
    from piooy_cli.batch.rows import Row
    from piooy_cli.batch.sheet import Cell
    from piooy_cli.batch.sweep import Axis
    from piooy_cli.downloads import Wish
    from piooy_cli.ledger import Ledger


class Sweep(NamedTuple):
    """What all cells ask for, and over what they vary, as a person wrote it."""

    asking: Asking
    asked: Asked
    vary: Sequence[str]
    zipped: bool
    name: str | None
    concurrency: int


def sweep(
    session: Session, cells: Sweep, words: Callable[..., str], wish: "Wish", *,
    timeout: float | None, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Every cell that was not paid for yet, then the sheet. Raises as a batch does.

    `words` reads the prompt; stdin only where no cell says what to make (`supplied`).
    """
    from piooy_cli.batch.checking import Checker
    from piooy_cli.batch.manifest import checked_name
    from piooy_cli.batch.sources import SweepRows
    from piooy_cli.batch.sweep import axes_of, in_cell
    from piooy_cli.batch.turns import Plan

    axes = axes_of(cells.vary)
    if not axes:
        raise UsageError("--zip wants --vary", "as in --vary seed:=1..4 --vary style=a,b,c,d --zip")
    first = in_cell(cells.asked, axes, [axis.values[0] for axis in axes])
    supplied = cells.asking.has_input(first) or bool(first.prompt)
    asked = cells.asked._replace(prompt=words(supplied=supplied))
    name = checked_name(cells.name) if cells.name is not None else None
    checker = Checker(cells.asking, Asked(), axes, zipped=cells.zipped)
    source = SweepRows(asked, axes, checker, cells.zipped, name)
    again = "the same command again goes on"
    plan = Plan(cells.concurrency)
    wanted = batching.Wanted(plan, wish, again, timeout, dry_run=dry_run, asks=True, yes=yes)
    batching.run(session, source, asked, axes, wanted)


def refuse_together(**given: bool) -> None:
    """Options that make no sense with --vary. Raises UsageError for the first that was given."""
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"--vary and --{option.replace('_', '-')} do not go together")


def draw_sheet(session: Session, ledger: "Ledger", batch: "Batch", axes: "Sequence[Axis]",
               directory: "Path") -> None:  # fmt: skip
    """The contact sheet of a sweep, beside its files; a line says where, or why there is none."""
    try:
        from piooy_cli.batch import sheet
    except ImportError:
        session.output.note("  no contact sheet without Pillow: pip install 'piooy[sheet]'")
        return
    rows = batch.spool.cells(sheet.MOST_CELLS + 1)
    path = directory / f"{batch.name}.png"
    try:
        cells = [_cell(ledger, batch.name, row) for row in rows]
        sheet.draw([axis.name for axis in axes], cells, path)
    except (ValueError, StorageRefused) as reason:  # no reason to forget what the rows came to
        session.output.note(f"  no contact sheet: {reason}")
        return
    session.output.note(f"  contact sheet: {path}")


def _cell(ledger: "Ledger", batch: str, row: "Row") -> "Cell":
    from pathlib import Path

    from piooy_cli.batch.sheet import Cell
    from piooy_cli.ledger.batches import newest
    from piooy_cli.models import Kind, Role

    sent = newest(ledger, batch, row.key)
    if sent is None:
        return Cell(row.cell, note="open")
    results = [asset for asset in sent.task.assets if asset.role is Role.RESULT]
    for asset in [asset for asset in sent.task.assets if asset.kind is Kind.IMAGE]:
        if file := ledger.file(sent.task.id, asset.n):
            return Cell(row.cell, Path(file[0]), "")
    kind = str(results[0].kind) if sent.task.succeeded and results else ""
    return Cell(row.cell, note=kind or sent.task.status.lower())
