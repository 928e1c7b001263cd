"""`piooy history`: the local ledger, listed, searched, settled, exported and checked."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.app.context import Context
from piooy_cli.app.history import adopt as adopt_task
from piooy_cli.app.history import repair as repair_files
from piooy_cli.app.history import settle, store_with
from piooy_cli.cli import options
from piooy_cli.cli.help import CommandApp
from piooy_cli.cli.values import known_fields, parse_duration, positive_number
from piooy_cli.domain.answers import Document, Line, Listing
from piooy_cli.domain.errors import NotDownloaded, PiooyError, StillRunning, UsageError
from piooy_cli.domain.events import Saved, Shown
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import MediaType, OrderState, check_task_id

if TYPE_CHECKING:
    from piooy_cli.ledger.records import OrderDetails

history = CommandApp()
_Ref = Annotated[
    str, typer.Argument(metavar="REF", help="A task id, its beginning, @last, @row:N.")
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
_Status = Annotated[str | None, typer.Option("--status", metavar="WORD", help="Such as FAILED.")]
_Model = Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="Of this model.")]
_Media = Annotated[MediaType | None, typer.Option("--media", help="Of this media type.")]
_Since = Annotated[
    float | None,
    typer.Option("--since", parser=parse_duration, metavar="AGE", help="Not older: 2d, 12h."),
]
_Search = Annotated[
    str | None, typer.Option("--search", metavar="TEXT", help="Words of prompt, model or id.")
]
_Unsaved = Annotated[bool, typer.Option("--unsaved", help="Succeeded, and not all saved.")]
_Unknown = Annotated[bool, typer.Option("--unknown", help="In doubt: a person has to decide.")]
_Batch = Annotated[str | None, typer.Option("--batch", metavar="NAME", help="Of this batch.")]
_Limit = Annotated[
    int, typer.Option("--limit", "-n", parser=positive_number, metavar="N", help="So many.")
]
_Adopt = Annotated[
    str | None, typer.Option("--adopt", metavar="TASK_ID", help="It is this one; the API is asked.")
]
_NotCharged = Annotated[
    bool, typer.Option("--not-charged", help="It never arrived: it may be sent once more.")
]
_Charged = Annotated[
    bool, typer.Option("--charged", help="It was charged and is lost: write it off.")
]
_Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept with the decision.")]
_Before = Annotated[
    float,
    typer.Option("--before", parser=parse_duration, metavar="AGE", help="Older than: 90d."),
]


@history.callback()
def list_history(
    ctx: typer.Context,
    status: _Status = None,
    model: _Model = None,
    media: _Media = None,
    since: _Since = None,
    search: _Search = None,
    unsaved: _Unsaved = False,
    unknown: _Unknown = False,
    batch: _Batch = None,
    limit: _Limit = 30,
    fields: options.Fields = None,
) -> None:
    """List the orders of this machine, and what became of them.

    \b
    Examples:
      piooy history --since 2d --search fox
      piooy history --unknown
      piooy history --unsaved | piooy download -o out/
    """
    if ctx.invoked_subcommand is not None:
        return
    from piooy_cli.ledger.records import OrderFilters

    context: Context = ctx.obj
    context.configure(fields=known_fields(fields))
    filters = OrderFilters(status, model, media, since, search, unsaved, unknown, batch, limit)
    context.output.results_are((Shown,))
    if store := context.existing_store():
        for task, files in store.list_orders(filters):
            context.tell(Shown(task, files))


@history.command("show")
def show(ctx: typer.Context, ref: _Ref) -> None:
    """Show all that is known of one order: attempts, files, decisions."""
    context: Context = ctx.obj
    context.output.answer(Document(_record(store_with(context, ref).order_named(ref))))


@history.command("resolve")
def resolve_history(
    ctx: typer.Context,
    ref: _Ref,
    adopt: _Adopt = None,
    not_charged: _NotCharged = False,
    charged: _Charged = False,
    why: _Why = "",
) -> None:
    """Say what became of an order whose answer was lost. Nothing else ever settles it.

    \b
    Examples:
      piooy history resolve @row:12 --charged
      piooy history resolve @row:12 --not-charged --why "not in my account"
    """
    context: Context = ctx.obj
    if (adopt is not None) + not_charged + charged != 1:
        raise UsageError("one of --adopt, --not-charged and --charged is wanted")
    store = store_with(context, ref)
    order = store.order_named(ref)
    if adopt is not None:
        task = context.run(adopt_task, store, order, check_task_id(adopt), why)
        return context.output.note(f"{order.ref} is task {task.id}, {task.status}")
    state = OrderState.PLANNED if not_charged else OrderState.WRITTEN_OFF
    settle(store, order, state, why)
    outcome = (
        "it may be sent once more: run the same command again" if not_charged else "written off"
    )
    return context.output.note(f"{order.ref}: {outcome}")


@history.command("prune")
def prune_history(
    ctx: typer.Context,
    before: _Before,
    yes: _Yes = False,
) -> None:
    """Forget orders that are over and older; what runs or is in doubt stays, so do files."""
    context: Context = ctx.obj
    if not yes and not context.interactive:
        raise UsageError(
            "history that is forgotten does not come back", "--yes says that it is meant"
        )
    if not yes and not context.output.ask("Forget them?"):
        raise StillRunning("declined; nothing was forgotten")
    store = context.existing_store()
    count = store.prune(time.time() - before) if store else 0
    context.output.note(f"forgot {count:,}")


@history.command("export")
def export(ctx: typer.Context) -> None:
    """Print every order with all that is known of it, as JSON Lines, oldest first."""
    from piooy_cli.domain.records import compact

    context: Context = ctx.obj
    if store := context.existing_store():
        for order in store.all_orders():
            record = _record(order)
            context.output.answer(Line(compact(record), record))


@history.command("stats")
def stats(ctx: typer.Context, model: _Model = None) -> None:
    """How long runs took, and how many succeeded, by model, scene and size.

    \b
    Examples:
      piooy history stats
      piooy history stats -m nano-banana-pro --json
    """
    from piooy_cli.cli.commands.models import experience, runs_record

    context: Context = ctx.obj
    store = context.existing_store()
    found = list(store.run_statistics(model)) if store else []
    columns = ["model", "scene", "size", "runs", "success", "median", "9 of 10"]
    rows = [[one.model, one.scene or "", one.size, *experience(one)] for one in found]
    kinds = [{"model": one.model, "scene": one.scene, "size": one.size or None} for one in found]
    records = [kind | runs_record(one) for kind, one in zip(kinds, found, strict=True)]
    longest = max((one.median or 0 for one in found), default=0)
    bars = [(one.median or 0) / longest for one in found] if longest else ()
    context.output.answer(Listing(columns, rows, records, bars=bars))


@history.command("check")
def check_history(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch what is missing or changed, under a free name.")
    ] = False,
) -> None:
    """Check every rule of the ledger anew, and every saved file by its hash."""
    context: Context = ctx.obj
    store = context.existing_store()
    broken = list(store.integrity_errors()) if store else []
    gone = list(store.damaged_files()) if store else []
    if repair and gone and not broken:
        context.run(repair_files, gone, results=(Saved,))
        return
    rows = [list(one) for one in (*broken, *((one.task_id, one.problem) for one in gone))]
    records = [{"what": what, "found": found} for what, found in rows]
    context.output.answer(Listing(["what", "found"], rows, records))
    if broken:
        message = f"{len(broken)} rules of the ledger are broken"
        raise PiooyError(message, "keep the file and report it")
    if gone:
        hint = Hint("history check", ("--repair",), "to fetch them again at no charge: {}")
        raise NotDownloaded(f"{len(gone)} saved files are gone or changed", hint)
    context.output.note("all is well")


def _record(order: "OrderDetails") -> dict[str, Any]:
    """All that is known of an order, for programs; keys are only ever added."""
    from piooy_cli.domain.records import shown_record

    return shown_record(order.task, order.files) | {
        "row": order.number,
        "state": str(order.state),
        "digest": order.digest,
        "attempts": order.attempts,
        "decisions": order.decisions,
    }
