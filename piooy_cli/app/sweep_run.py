"""`--vary`: a request for each cell of a sweep, and the contact sheet at its end."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.app import batch_run
from piooy_cli.app.batch_request import BatchOptions
from piooy_cli.app.context import Context
from piooy_cli.domain.errors import UsageError
from piooy_cli.requests.builder import RequestBuilder, RequestSpec

if TYPE_CHECKING:
    from piooy_cli.downloads.saver import SaveOptions


class SweepOptions(NamedTuple):
    """What all cells ask for, and over what they vary, as a person wrote it."""

    asking: RequestBuilder
    asked: RequestSpec
    vary: Sequence[str]
    zipped: bool
    name: str | None
    concurrency: int


def run_sweep(
    context: Context, cells: SweepOptions, words: Callable[..., str], wish: "SaveOptions", *,
    timeout: float | None, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Every cell that was not paid for yet, then the sheet. Raises as a batch does.

    `words` reads the prompt; stdin only where no cell says what to make (`supplied`).
    """
    from piooy_cli.batch.manifest import checked_name
    from piooy_cli.batch.row_builder import RowBuilder
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.batch.sources import SweepRows
    from piooy_cli.batch.sweep import axes_of, in_cell

    axes = axes_of(cells.vary)
    if not axes:
        raise UsageError("--zip wants --vary", "as in --vary seed:=1..4 --vary style=a,b,c,d --zip")
    first = in_cell(cells.asked, axes, [axis.values[0] for axis in axes])
    supplied = cells.asking.has_input(first) or bool(first.prompt)
    asked = cells.asked._replace(prompt=words(supplied=supplied))
    name = checked_name(cells.name) if cells.name is not None else None
    checker = RowBuilder(cells.asking, RequestSpec(), axes, zipped=cells.zipped)
    source = SweepRows(asked, axes, checker, cells.zipped, name)
    again = "to continue: run the same command again"
    plan = RunPlan(cells.concurrency)
    wanted = BatchOptions(plan, wish, again, timeout, dry_run=dry_run, asks=True, yes=yes)
    batch_run.run_batch(context, source, asked, axes, wanted)


def refuse_together(**given: bool) -> None:
    """Options that make no sense with --vary. Raises UsageError for the first that was given."""
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"--vary and --{option.replace('_', '-')} do not go together")
