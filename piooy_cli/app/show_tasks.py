"""Showing the present status of tasks."""

from collections.abc import Callable

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.domain.answers import Listing
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


def explain_task(context: Context, task: Task) -> Listing:
    """Return what each URL in a task's result was taken for, and why."""
    from piooy_cli.api.results.explain import explain_urls

    sent = context.ledger.find(task.id) or task
    found = explain_urls(task.raw, context.settings.base_url, sent.options, sent.prompt)
    columns = ["path", "url", "taken", "why"]
    return Listing(columns, [list(one) for one in found], [one._asdict() for one in found])
