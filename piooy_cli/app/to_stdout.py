"""`--output -`: one asset to stdout, verified before its first byte goes out."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint

if TYPE_CHECKING:
    from piooy_cli.domain.models import SavedFile
    from piooy_cli.downloads.saver import Saver
    from piooy_cli.tasks.pipeline import Pipeline

Fetch = Callable[["Pipeline", "Saver"], Awaitable[list["SavedFile"]]]


async def to_stdout(
    context: Context, fetch: Fetch, timeout: float | None, *, covers: bool, http_assets: bool
) -> None:
    """Fetch into a place of its own, and copy the one file that must be there."""
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="piooy-") as place:
        wish = context.wish(place, "rename", covers=covers, http_assets=http_assets)
        wish = replace(wish, passing=True)
        async with context.pipeline(timeout) as pipeline:
            files = await fetch(pipeline, context.saver(wish))
        if len(files) != 1:
            task_id = files[0].task.id
            message = f"task {task_id} has {len(files)} files; --output - takes one"
            hint = Hint("download", (task_id,), "to save them all: {}", "-o DIRECTORY")
            raise UsageError(message, hint, task_id=task_id)
        context.output.file(files[0].path)
