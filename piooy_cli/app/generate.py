"""Generating: send an order once or several times, wait for the tasks, save their files."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many

if TYPE_CHECKING:
    from piooy_cli.domain.models import Order, SavedFile
    from piooy_cli.downloads.options import SaveOptions


class GenerateOptions(NamedTuple):
    """Whether to `wait` for the tasks, and how to `save` their files, if at all.

    `timeout`: seconds for each task. `at_once`: tasks in progress at the same time. `on_saved` is
    called with each saved file.
    """

    times: int = 1
    wait: bool = True
    save: "SaveOptions | None" = None
    timeout: float | None = None
    at_once: int = 4
    on_saved: "Callable[[SavedFile], None]" = lambda file: None


async def generate_tasks(context: Context, order: "Order", options: GenerateOptions) -> None:
    """Send `order` `times` times, each charged. Raises the error that the run ends with."""
    save = options.save
    if save:
        from piooy_cli.downloads.publish import ensure_writable

        ensure_writable(save.target.directory)
    async with context.pipeline(options.timeout) as pipeline:
        saver = pipeline.saver(save) if save else None

        async def one(_: int) -> None:
            for file in await pipeline.make(order, saver, wait=options.wait):
                options.on_saved(file)

        resume = save.wait_arguments if save else ()
        await run_many(context, one, range(options.times), at_once=options.at_once, resume=resume)


async def generate_one(
    context: Context, order: "Order", save: "SaveOptions", timeout: float | None
) -> "list[SavedFile]":
    """Send `order` once, and return the files of its task."""
    async with context.pipeline(timeout) as pipeline:
        return await pipeline.make(order, pipeline.saver(save), wait=True)
