"""`piooy history`: list, search, resolve, export and check the orders in the local ledger."""

import time
from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import history_options, options
from piooy_cli.cli.commands.history_check import check_history
from piooy_cli.cli.help import CommandApp
from piooy_cli.cli.options import known_fields, parse_duration
from piooy_cli.domain.answers import Document, Line, Listing
from piooy_cli.domain.errors import StillRunning, UsageError
from piooy_cli.domain.events import Shown
from piooy_cli.domain.models import OrderState, check_task_id
from piooy_cli.domain.text import check_text

history = CommandApp()
_Ref = Annotated[str, typer.Argument(metavar="REF", help="A task id or its prefix, @last, @row:N.")]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")]
_Adopt = Annotated[
    str | None,
    typer.Option(
        "--adopt", metavar="TASK_ID", help="Link the order to this task (checked with the API)."
    ),
]
_NotCharged = Annotated[
    bool, typer.Option("--not-charged", help="It never arrived; it may be sent again.")
]
_Charged = Annotated[
    bool, typer.Option("--charged", help="It was charged, and its task is lost: write it off.")
]
_Why = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="A note to store with the decision.")
]
_Before = Annotated[
    float,
    typer.Option(
        "--before",
        parser=parse_duration,
        metavar="AGE",
        help="Delete orders older than this, such as 90d.",
    ),
]


@history.callback()
def list_history(
    ctx: typer.Context,
    status: history_options.Status = None,
    model: history_options.Model = None,
    media: history_options.Media = None,
    since: history_options.Since = None,
    search: history_options.Search = None,
    unsaved: history_options.Unsaved = False,
    unknown: history_options.Unknown = False,
    short: history_options.Short = False,
    batch: history_options.Batch = None,
    tag: history_options.Tag = None,
    limit: history_options.Limit = 30,
    fields: options.Fields = None,
) -> None:
    """List the orders sent from this machine, and their outcome.

    \b
    Examples:
      piooy history --since 2d --search fox
      piooy history --unknown
      piooy history --unsaved | piooy download -o out/
      piooy history --tag client=acme --since 30d --json
    """
    if ctx.invoked_subcommand is not None:
        return
    from piooy_cli.domain.tags import filter_of
    from piooy_cli.ledger.records import OrderFilters

    context: Context = ctx.obj
    context.configure(fields=known_fields(fields))
    for name, text in {"search": search, "model": model, "batch": batch, "status": status}.items():
        check_text(text or "", f"--{name}")
    tags = [filter_of(text) for text in tag or ()]
    filters = OrderFilters(
        status, model, media, since, search, unsaved, unknown, batch, tags, limit, short
    )
    context.output.results_are((Shown,))
    if store := context.existing_store():
        for task, files in store.list_orders(filters):
            context.tell(Shown(task, files))


@history.command("show")
def show(ctx: typer.Context, ref: _Ref) -> None:
    """Show everything that is known about an order: attempts, files and decisions."""
    from piooy_cli.app.history import details_record, store_with

    context: Context = ctx.obj
    context.output.answer(Document(details_record(store_with(context, ref).order_named(ref))))


@history.command("tag")
def tag_history(
    ctx: typer.Context,
    ref: Annotated[
        str,
        typer.Argument(
            metavar="REF", help="A task id, @last, @row:N, @batch:NAME, @tag:KEY=VALUE."
        ),
    ],
    tags: Annotated[
        list[str],
        typer.Argument(metavar="KEY=VALUE...", help="Tags to set; an empty value removes one."),
    ],
) -> None:
    """Change the tags of an order, or of all tasks of a set.

    \b
    Examples:
      piooy history tag @last client=acme
      piooy history tag @batch:rows client=acme draft=
    """
    from piooy_cli.app.history import change_tags

    context: Context = ctx.obj
    for line in change_tags(context, ref, tags):
        context.output.note(line)


@history.command("resolve")
def resolve_history(
    ctx: typer.Context,
    ref: _Ref,
    adopt: _Adopt = None,
    not_charged: _NotCharged = False,
    charged: _Charged = False,
    why: _Why = "",
) -> None:
    """Resolve an order whose response was lost. piooy never decides this by itself.

    \b
    Examples:
      piooy history resolve @row:12 --charged
      piooy history resolve @row:12 --not-charged --why "not in my account"
    """
    from piooy_cli.app.history import adopt as adopt_task
    from piooy_cli.app.history import settle, store_with

    context: Context = ctx.obj
    if (adopt is not None) + not_charged + charged != 1:
        raise UsageError("give exactly one of --adopt, --not-charged and --charged")
    store = store_with(context, ref)
    order = store.order_named(ref)
    if adopt is not None:
        task = context.run(adopt_task, store, order, check_task_id(adopt), why)
        return context.output.note(f"{order.ref} is task {task.id}, {task.status}")
    state = OrderState.PLANNED if not_charged else OrderState.WRITTEN_OFF
    settle(store, order, state, why)
    outcome = (
        "it may be sent again: run the same command once more" if not_charged else "written off"
    )
    return context.output.note(f"{order.ref}: {outcome}")


@history.command("prune")
def prune_history(
    ctx: typer.Context,
    before: _Before,
    yes: _Yes = False,
) -> None:
    """Delete old orders that have ended. Running and doubtful orders are kept, and so are files."""
    context: Context = ctx.obj
    if not yes and not context.interactive:
        raise UsageError("deleted history cannot be restored", "pass --yes to confirm")
    if not yes and not context.output.ask("Delete them?"):
        raise StillRunning("declined; nothing was deleted")
    store = context.existing_store()
    count = store.prune(time.time() - before) if store else 0
    context.output.note(f"forgot {count:,}")


@history.command("export")
def export(ctx: typer.Context) -> None:
    """Export every order as JSON Lines, oldest first."""
    from piooy_cli.app.history import details_record
    from piooy_cli.domain.escaping import json_text

    context: Context = ctx.obj
    if store := context.existing_store():
        for order in store.all_orders():
            record = details_record(order)
            context.output.answer(Line(json_text(record), record))


@history.command("stats")
def stats(
    ctx: typer.Context, model: history_options.Model = None, tag: history_options.Tag = None
) -> None:
    """Show run times and success rates by model, scene and size.

    \b
    Examples:
      piooy history stats
      piooy history stats -m nano-banana-pro --json
    """
    from piooy_cli.cli.commands.models import experience, runs_record
    from piooy_cli.domain.tags import filter_of

    context: Context = ctx.obj
    store = context.existing_store()
    tags = [filter_of(text) for text in tag or ()]
    found = list(store.run_statistics(model, tags)) if store else []
    columns = ["model", "scene", "size", "runs", "success", "median", "9 of 10"]
    rows = [[one.model, one.scene or "", one.size, *experience(one)] for one in found]
    kinds = [{"model": one.model, "scene": one.scene, "size": one.size or None} for one in found]
    records = [kind | runs_record(one) for kind, one in zip(kinds, found, strict=True)]
    longest = max((one.median or 0 for one in found), default=0)
    bars = [(one.median or 0) / longest for one in found] if longest else ()
    context.output.answer(Listing(columns, rows, records, bars=bars))


history.command("check")(check_history)
