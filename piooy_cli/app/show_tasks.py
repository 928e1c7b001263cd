"""Showing the present status of tasks."""

from collections.abc import Callable

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.domain.models import Task


async def show_tasks(
    context: Context, refs: list[str] | None, refresh: str | None, show: Callable[[Task], None]
) -> None:
    """Call `show` with each task; an error that it raises is the failure of that task.

    `refresh`: what the service does before it responds. Raises the error that the run ends with.
    """
    async with context.pipeline() as pipeline:

        async def one(task_id: str) -> None:
            show(await pipeline.look(task_id, refresh))

        await run_many(context, one, context.task_ids(refs, "task"))
