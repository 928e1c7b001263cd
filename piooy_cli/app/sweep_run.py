"""Running a sweep (`--vary`): a request for each cell, and the contact sheet at the end."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.app.batch_options import BatchOptions
from piooy_cli.app.batch_run import confirm_cells, run_batch
from piooy_cli.app.context import Context
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.events import Noticed
from piooy_cli.requests.builder import RequestBuilder, RequestSpec
from piooy_cli.requests.presets import filled, typed_prompt

if TYPE_CHECKING:
    from piooy_cli.batch.sweep import Axis
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
    pieces: bool = False


def run_sweep(
    context: Context,
    builder: RequestBuilder,
    spec: RequestSpec,
    prompt: Callable[..., str],
    options: SweepOptions,
) -> None:
    """Send every cell that was not sent yet, then draw the sheet. Raises like `run_batch`.

    `spec`: the request that all cells share, with the prompt of a preset. `prompt` reads the
    user's prompt; it may read stdin only if the cells do not supply one (`supplied`).
    """
    from piooy_cli.batch.manifest import checked_name
    from piooy_cli.batch.row_builder import RowBuilder
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.batch.sources import SweepRows
    from piooy_cli.batch.sweep import axes_of, in_cell

    axes = axes_of(options.vary)
    if not axes and not options.pieces:
        raise UsageError(
            "--zip requires --vary", "for example: --vary seed:=1..4 --vary style=a,b,c,d --zip"
        )
    first = in_cell(spec, axes, [axis.values[0] for axis in axes])
    has_input, template = builder.has_input(first), ""
    if any(axis.name == "prompt" for axis in axes):
        _refuse_pieces(options)
        template = spec.prompt
        spec = spec._replace(prompt=prompt(supplied=has_input or bool(first.prompt)))
    else:
        typed = typed_prompt(spec.prompt, prompt, has_input=has_input)
        spec = spec._replace(prompt=filled(spec.prompt, typed))
    if options.pieces:
        spec, axes = _with_pieces(spec, axes)
    else:
        notice_pieces(context, spec.prompt)
    name = checked_name(options.name) if options.name is not None else None
    rows = RowBuilder(builder, RequestSpec(prompt=template), axes, zipped=options.zipped)
    source = SweepRows(spec, axes, rows, options.zipped, name)
    batch = BatchOptions(
        plan=RunPlan(options.concurrency), save=options.save, timeout=options.timeout,
        dry_run=options.dry_run, yes=options.yes,
        confirm=partial(confirm_cells, context, options.yes),
    )  # fmt: skip
    run_batch(context, source, spec._replace(prompt=template or spec.prompt), axes, batch)


def _refuse_pieces(options: SweepOptions) -> None:
    if options.pieces:
        raise UsageError(
            "--pieces and --vary prompt cannot be combined", "vary other keys, or leave out one"
        )


def _with_pieces(spec: RequestSpec, axes: "list[Axis]") -> "tuple[RequestSpec, list[Axis]]":
    """Return the request with gaps in its prompt, and an axis more for each piece."""
    from piooy_cli.batch.piece_files import PieceFiles
    from piooy_cli.batch.pieces import pieces_of

    prompt, pieces = pieces_of(spec.prompt, PieceFiles().read)
    if not axes and not pieces:
        raise UsageError(
            "--pieces: the prompt has no pieces", "for example: {red|blue}, or __colors__"
        )
    return spec._replace(prompt=prompt), [*axes, *pieces]


def notice_pieces(context: Context, prompt: str) -> None:
    """Tell that a prompt with pieces is sent as it is, since --pieces was not given."""
    if "{" not in prompt and "__" not in prompt:
        return
    from piooy_cli.batch.piece_files import PieceFiles
    from piooy_cli.batch.pieces import looks_like_pieces

    if looks_like_pieces(prompt, PieceFiles().exists):
        context.tell(
            Noticed("the prompt is sent as it is; --pieces makes a task for each of its pieces")
        )
