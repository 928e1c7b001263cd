"""`--output -`: one asset to stdout, verified before its first byte goes out."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from piooy_cli.errors import UsageError
from piooy_cli.session import Session

if TYPE_CHECKING:
    from piooy_cli.downloads import Saver
    from piooy_cli.models import SavedFile
    from piooy_cli.pipeline import Pipeline

Fetch = Callable[["Pipeline", "Saver"], Awaitable[list["SavedFile"]]]


async def to_stdout(
    session: Session, fetch: Fetch, timeout: float | None, *, covers: bool, http_assets: bool
) -> None:
    """Fetch into a place of its own, and copy the one file that must be there."""
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="piooy-") as place:
        wish = session.wish(place, "rename", covers=covers, http_assets=http_assets)
        wish = replace(wish, passing=True)
        async with session.pipeline(timeout) as pipeline:
            files = await fetch(pipeline, session.saver(wish))
        if len(files) != 1:
            task_id = files[0].task.id
            message = f"task {task_id} has {len(files)} files; --output - takes one"
            hint = f"`piooy download {task_id} -o DIRECTORY` saves all"
            raise UsageError(message, hint, task_id=task_id)
        session.output.file(files[0].path)
