"""`--output -`: write one asset to stdout, verified before its first byte is written."""

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import StorageRefused, UsageError
from piooy_cli.domain.hints import Hint

if TYPE_CHECKING:
    from piooy_cli.domain.models import SavedFile
    from piooy_cli.downloads.options import SaveOptions

Fetch = Callable[["SaveOptions"], Awaitable[list["SavedFile"]]]


def is_allowed_stdout(output: str | None) -> bool:
    """Whether --output means stdout. Raises UsageError for `-` on a terminal, as curl does."""
    from piooy_cli.downloads.naming import is_stdout
    from piooy_cli.output.streams import is_terminal

    if output == "-" and is_terminal(sys.stdout):
        raise UsageError(
            "--output - would write the bytes of a file to your terminal",
            "redirect stdout, or allow it with --output /dev/stdout",
        )
    return is_stdout(output)


async def to_stdout(context: Context, fetch: Fetch, **how: Any) -> None:
    """Fetch into a temporary directory, and write the one file to stdout. Raises UsageError.

    `how`: further options of saving.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="piooy-") as directory:
        save = context.save_options(directory, temporary=True, **how)
        try:
            files = await fetch(save)
        except StorageRefused as full:
            full.hints = ["set TMPDIR to a directory with room: files are verified there first"]
            raise
        if len(files) != 1:
            task_id = files[0].task.id
            message = f"task {task_id} has {len(files)} files; --output - accepts one"
            hint = Hint("download", (task_id,), "to save them all: {}", "-o DIRECTORY")
            raise UsageError(message, hint, task_id=task_id)
        context.output.file(files[0].path)
