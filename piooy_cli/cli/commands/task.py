"""`piooy task`: show the present status of tasks."""

from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import options
from piooy_cli.cli.options import known_fields
from piooy_cli.domain.errors import NotSettled, PiooyError, TaskFailed, UsageError
from piooy_cli.domain.events import Shown
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Task


class Refresh(StrEnum):
    """What the service does before it responds."""

    LIVE = "live"
    ASSETS = "assets"


_REFRESH = {Refresh.LIVE: "1", Refresh.ASSETS: "assets", None: None}


def task(
    ctx: typer.Context,
    refs: options.Refs = None,
    refresh: Annotated[
        Refresh | None,
        typer.Option(
            "--refresh", help="live: query the provider first; assets: store the files first."
        ),
    ] = None,
    exit_status: Annotated[
        bool,
        typer.Option(
            "--exit-status", help="Exit with 0 if succeeded, 5 if failed, 8 if not finished."
        ),
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the API's response as it is.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each URL of the result was taken for.")
    ] = False,
    fields: options.Fields = None,
) -> None:
    """Show the id, status, media type and model of tasks.

    \b
    Examples:
      piooy task @last
      piooy task --json @last @2 | jq -r '.assets[].url'
      piooy task --exit-status @last || echo "not done, or failed: $?"
    """
    from piooy_cli.app.show_tasks import explain_task, show_tasks

    context: Context = ctx.obj
    if raw and fields:
        raise UsageError("--fields cannot be used with --raw")
    if raw and explain:
        raise UsageError("--explain cannot be used with --raw")
    context.configure(fields=known_fields(fields))

    def show(seen: Task) -> None:
        if raw:
            context.output.document(dict(seen.raw))
        elif explain:
            context.output.answer(explain_task(context, seen))
        else:
            context.tell(_shown(context, seen))
        if exit_status:
            _raise_state(seen)

    context.run(show_tasks, refs, _REFRESH[refresh], show, results=(Shown,))


def _shown(context: Context, seen: Task) -> Shown:
    """Return a task with what the ledger knows beside it: its end, and its files on this disk."""
    with suppress(PiooyError):
        order = context.ledger.require().order_named(seen.id)
        ended = seen.settled_at or order.task.settled_at
        return Shown(seen._replace(settled_at=ended), order.files)
    return Shown(seen)


def _raise_state(seen: Task) -> None:
    if seen.failed:
        raise TaskFailed(f"task {seen.id} ended {seen.status}", task_id=seen.id)
    if not seen.succeeded:
        hint = Hint("wait", (seen.id,), "to wait for it: {}")
        raise NotSettled(f"task {seen.id} is {seen.status}", hint, task_id=seen.id)
