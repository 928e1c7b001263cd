"""Waiting for any number of tasks, each reported as it finishes."""

from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.domain.models import Task

if TYPE_CHECKING:
    from piooy_cli.downloads.options import SaveOptions


class WaitOptions(NamedTuple):
    """How to wait. `timeout`: seconds for each task; `save`: how to save the files, if at all."""

    timeout: float | None = None
    save: "SaveOptions | None" = None
    until_first: bool = False


async def wait_for_tasks(context: Context, refs: list[str] | None, options: WaitOptions) -> None:
    """Wait for tasks until they end. Raises the error that the run ends with."""
    save = options.save
    async with context.pipeline(options.timeout) as pipeline:
        saver = pipeline.saver(save) if save else None
        # Straight out of a pipe, a task may be so new that the service does not know it yet.
        piped = not refs or refs == ["-"]

        async def one(task_id: str) -> None:
            await pipeline.complete(Task(task_id), saver, fresh=piped)

        ids = context.task_ids(refs, "wait")
        resume = save.wait_arguments if save else ()
        await run_many(context, one, ids, until_first=options.until_first, resume=resume)
