"""Running a sweep (`--vary`): a request for each cell, and the contact sheet at the end."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.app.batch_options import BatchOptions
from piooy_cli.app.batch_run import confirm_cells, run_batch
from piooy_cli.app.context import Context
from piooy_cli.domain.errors import UsageError
from piooy_cli.requests.builder import RequestBuilder, RequestSpec

if TYPE_CHECKING:
    from piooy_cli.downloads.options import SaveOptions


class SweepOptions(NamedTuple):
    """The axes of a sweep as the user wrote them, and how to run it."""

    vary: Sequence[str]
    zipped: bool
    name: str | None
    concurrency: int
    save: "SaveOptions"
    timeout: float | None = None
    dry_run: bool = False
    yes: bool = False


def run_sweep(
    context: Context,
    builder: RequestBuilder,
    spec: RequestSpec,
    prompt: Callable[..., str],
    options: SweepOptions,
) -> None:
    """Send every cell that was not sent yet, then draw the sheet. Raises like `run_batch`.

    `spec`: the request that all cells share. `prompt` reads the prompt; it may read stdin only if
    the cells do not supply a prompt (`supplied`).
    """
    from piooy_cli.batch.manifest import checked_name
    from piooy_cli.batch.row_builder import RowBuilder
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.batch.sources import SweepRows
    from piooy_cli.batch.sweep import axes_of, in_cell

    axes = axes_of(options.vary)
    if not axes:
        raise UsageError(
            "--zip requires --vary", "for example: --vary seed:=1..4 --vary style=a,b,c,d --zip"
        )
    first = in_cell(spec, axes, [axis.values[0] for axis in axes])
    spec = spec._replace(prompt=prompt(supplied=builder.has_input(first) or bool(first.prompt)))
    name = checked_name(options.name) if options.name is not None else None
    rows = RowBuilder(builder, RequestSpec(), axes, zipped=options.zipped)
    source = SweepRows(spec, axes, rows, options.zipped, name)
    batch = BatchOptions(
        plan=RunPlan(options.concurrency), save=options.save, timeout=options.timeout,
        dry_run=options.dry_run, yes=options.yes,
        confirm=partial(confirm_cells, context, options.yes),
    )  # fmt: skip
    run_batch(context, source, spec, axes, batch)
