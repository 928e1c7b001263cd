"""Downloading the files of tasks that succeeded."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.domain.errors import PiooyError, StillRunning, TaskFailed, UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Asset, Task

if TYPE_CHECKING:
    from piooy_cli.domain.models import SavedFile
    from piooy_cli.downloads.options import SaveOptions
    from piooy_cli.tasks.pipeline import Pipeline


class DownloadOptions(NamedTuple):
    """How to download. `wait` for tasks that are still running, `timeout` seconds each.

    `persist`: have the service store the files first. `jobs`: number of files at once.
    """

    save: "SaveOptions"
    wait: bool = False
    timeout: float | None = None
    persist: bool = False
    jobs: int = 4


async def download_tasks(
    context: Context, refs: list[str] | None, options: DownloadOptions
) -> None:
    """Save the files of tasks. Raises the error that the run ends with."""
    save = options.save
    async with context.pipeline(options.timeout) as pipeline:
        saver = pipeline.saver(save, options.jobs)
        pipeline.resume_with(save.wait_arguments)

        async def one(task_id: str) -> None:
            task = await _succeeded(pipeline, task_id, options)
            await pipeline.fetch(task, saver)

        await run_many(context, one, context.task_ids(refs, "download"), resume=save.wait_arguments)


async def list_names(
    context: Context,
    refs: list[str] | None,
    options: DownloadOptions,
    show: Callable[[Task, Asset, Path], None],
) -> None:
    """Call `show` with each asset and its likely path."""
    from piooy_cli.tasks.asset_fetcher import assets_to_save

    save = options.save
    async with context.pipeline(options.timeout) as pipeline:

        async def one(task_id: str) -> None:
            task = await _succeeded(pipeline, task_id, options)
            for asset in assets_to_save(task, save.covers):
                show(task, asset, save.likely_path(task, asset))

        await run_many(context, one, context.task_ids(refs, "download"), resume=save.wait_arguments)


async def download_one(
    context: Context, refs: list[str] | None, options: DownloadOptions
) -> "list[SavedFile]":
    """Return the files of a single task. Raises UsageError for none or several."""
    found = [ref async for ref in context.task_ids(refs, "download")]
    ids = [ref for ref in found if isinstance(ref, str)]
    for ref in found:
        if isinstance(ref, PiooyError):
            raise ref
    if len(ids) != 1:
        raise UsageError(
            "--output - accepts a single task", "for several tasks, give --output a directory"
        )
    async with context.pipeline(options.timeout) as pipeline:
        task = await _succeeded(pipeline, ids[0], options)
        return await pipeline.fetch(task, pipeline.saver(options.save))


async def _succeeded(pipeline: "Pipeline", task_id: str, options: DownloadOptions) -> Task:
    """Return the task if it succeeded. Raises TaskFailed or StillRunning."""
    persist = options.persist
    if options.wait:
        await pipeline.finish(Task(task_id))
    if not persist and (known := pipeline.known(task_id)):
        return known
    task = await pipeline.look(task_id, "assets" if persist else None, sure=True)
    if task.failed:
        raise TaskFailed(
            f"task {task_id} ended {task.status}; it has no files",
            Hint("task", ("--raw", task_id), "to see the reason: {}"),
            task_id=task_id,
        )
    if not task.succeeded:
        raise _still_running(task)
    return task


def _still_running(task: Task) -> StillRunning:
    hints = [
        Hint("wait", (task.id,), "to wait for it: {}"),
        Hint("download", ("--wait", task.id), "to wait and download: {}"),
    ]
    return StillRunning(
        f"task {task.id} is {task.status}; it has no files yet", hints, task_id=task.id
    )
