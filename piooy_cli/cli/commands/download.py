"""`piooy download`: the files of tasks that succeeded, whole and under good names."""

from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.app.to_stdout import to_stdout
from piooy_cli.cli import options
from piooy_cli.cli.values import positive_number
from piooy_cli.domain.answers import Line
from piooy_cli.domain.errors import StillRunning, TaskFailed, UsageError
from piooy_cli.domain.events import Saved
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Task

if TYPE_CHECKING:
    from piooy_cli.domain.models import SavedFile
    from piooy_cli.downloads.saver import SaveOptions, Saver
    from piooy_cli.tasks.pipeline import Pipeline


def download(
    ctx: typer.Context,
    refs: options.Refs = None,
    output: options.OutputOption = None,
    on_exists: options.OnExistsOption = options.ExistsChoice.RENAME,
    covers: options.Covers = False,
    unsaved: Annotated[
        bool, typer.Option("--unsaved", help="All that succeeded and were never saved.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for tasks that still run.")] = False,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    persist: Annotated[
        bool, typer.Option("--persist", help="Have the service store the files first.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", parser=positive_number, metavar="N", help="Files at once."),
    ] = 4,
    http_assets: options.HttpAssets = False,
    svg: options.Svg = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the names, as far as known, and save nothing.")
    ] = False,
    no_metadata: Annotated[
        bool, typer.Option("--no-metadata", help="Add nothing to the files. So far nothing is.")
    ] = False,
) -> None:
    """Save the files of tasks that succeeded, and print their paths.

    \b
    Examples:
      piooy download @last -o out/
      piooy download @last @2 -o "{date}-{slug}-{n}.{ext}"
      piooy download @last -o - > fox.png

    Template fields: {slug} {id} {id8} {n} {ext} {model} {media} {scene}
    {provider} {date} {time} {seed} {status}.
    """
    context: Context = ctx.obj
    context.waits(interval, heartbeat, notify=notify)
    refs = [*(refs or []), "@unsaved"] if unsaved else refs
    if output == "-" and dry_run:
        raise UsageError("--output - has no names to print", "leave --dry-run or --output out")
    if output == "-":
        context.run(_to_stdout, refs, wait, timeout, persist, covers, http_assets)
        return
    wish = context.wish(output, on_exists, covers=covers, http_assets=http_assets, svg=svg)
    context.run(_download, refs, wish, wait, timeout, persist, jobs, dry_run, results=(Saved,))


async def _download(
    context: Context,
    refs: list[str] | None,
    wish: "SaveOptions",
    wait: bool,
    timeout: float | None,
    persist: bool,
    jobs: int,
    dry_run: bool,
) -> None:
    async with context.pipeline(timeout) as pipeline:
        saver = context.saver(wish, jobs)
        pipeline.resume_with(wish.again)

        async def one(ref: str) -> None:
            task = await _succeeded(pipeline, ref, wait, persist)
            if dry_run:
                _tell_names(context, wish, task)
            else:
                await pipeline.fetch(task, saver, covers=wish.covers)

        await run_many(context, one, context.task_ids(refs, "download"), resume=wish.again)


def _tell_names(context: Context, wish: "SaveOptions", task: Task) -> None:
    from piooy_cli.tasks.asset_fetcher import assets_to_save

    for asset in assets_to_save(task, wish.covers):
        path = str(wish.likely_path(task, asset))
        context.output.answer(Line(path, {"id": task.id, "n": asset.n, "path": path}))


async def _to_stdout(
    context: Context,
    refs: list[str] | None,
    wait: bool,
    timeout: float | None,
    persist: bool,
    covers: bool,
    http_assets: bool,
) -> None:
    ids = [ref async for ref in context.task_ids(refs, "download") if isinstance(ref, str)]
    if len(ids) != 1:
        raise UsageError("--output - takes one task", "give --output a directory for several")

    async def fetch(pipeline: "Pipeline", saver: "Saver") -> "list[SavedFile]":
        task = await _succeeded(pipeline, ids[0], wait, persist)
        return await pipeline.fetch(task, saver, covers=covers)

    await to_stdout(context, fetch, timeout, covers=covers, http_assets=http_assets)


async def _succeeded(pipeline: "Pipeline", task_id: str, wait: bool, persist: bool) -> Task:
    if wait:
        await pipeline.finish(Task(task_id))
    if not persist and (known := pipeline.known(task_id)):
        return known
    task = await pipeline.look(task_id, "assets" if persist else None, sure=True)
    if task.failed:
        raise TaskFailed(
            f"task {task_id} ended {task.status}; it has no files",
            Hint("task", ("--raw", task_id), "for the reason: {}"),
            task_id=task_id,
        )
    if not task.succeeded:
        raise StillRunning(
            f"task {task_id} is {task.status}; it has no files yet",
            [
                Hint("wait", (task_id,), "to wait for it: {}"),
                Hint("download", ("--wait", task_id), "to wait and download: {}"),
            ],
            task_id=task_id,
        )
    return task
