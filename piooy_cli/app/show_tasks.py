"""Show tasks as they are now, each read once."""

from collections.abc import Callable

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.domain.models import Task


async def show_tasks(
    context: Context, refs: list[str] | None, refresh: str | None, show: Callable[[Task], None]
) -> None:
    """Call `show` with each task; what it raises counts as the failure of that task.

    `refresh`: what the service does before it answers, as in the API. Raises what the whole ends
    with.
    """
    async with context.pipeline() as pipeline:

        async def one(task_id: str) -> None:
            show(await pipeline.look(task_id, refresh))

        await run_many(context, one, context.task_ids(refs, "task"))
