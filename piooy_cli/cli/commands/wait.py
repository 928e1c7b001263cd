"""`piooy wait`: any number of tasks at once, each told the moment it settles."""

from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.cli import options
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.events import Saved, Settled
from piooy_cli.domain.models import Task

if TYPE_CHECKING:
    from piooy_cli.downloads.saver import SaveOptions


def wait(
    ctx: typer.Context,
    refs: options.Refs = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="All tasks in the history that still run.")
    ] = False,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    stop_at_first: Annotated[
        bool, typer.Option("--any", help="Stop at the first that succeeds.")
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", help="Save the files of each as well.")
    ] = False,
    output: options.OutputOption = None,
    on_exists: options.OnExistsOption = options.ExistsChoice.RENAME,
    http_assets: options.HttpAssets = False,
    svg: options.Svg = False,
) -> None:
    """Wait for tasks, and print the id of each that succeeds.

    \b
    Examples:
      piooy wait @last
      piooy generate image -m nano-banana-pro --no-wait "a fox" | piooy wait
      piooy wait --timeout 10m - < ids.txt | piooy download -o out/

    Ctrl-C stops waiting; the tasks run on, and the command that goes on is printed.
    """
    context: Context = ctx.obj
    context.waits(interval, heartbeat, notify=notify)
    refs = [*(refs or []), "@pending"] if pending else refs
    if output is not None and not download:
        raise UsageError("--output has a meaning with --download only")
    wish = context.wish(output, on_exists, http_assets=http_assets, svg=svg) if download else None
    results = (Saved,) if download else (Settled,)
    context.run(_wait, refs, timeout, wish, stop_at_first, results=results)


async def _wait(
    context: Context,
    refs: list[str] | None,
    timeout: float | None,
    wish: "SaveOptions | None",
    stop_at_first: bool,
) -> None:
    async with context.pipeline(timeout) as pipeline:
        saver = context.saver(wish) if wish else None
        # Straight out of a pipe, a task may be so new that the service does not know it yet.
        piped = not refs or refs == ["-"]

        async def one(ref: str) -> None:
            await pipeline.complete(Task(ref), saver, fresh=piped)

        ids = context.task_ids(refs, "wait")
        resume = wish.again if wish else ""
        await run_many(context, one, ids, until_first=stop_at_first, resume=resume)
