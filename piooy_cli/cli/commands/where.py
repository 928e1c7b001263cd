"""`piooy where`: which task a file is of, and where the files of a task are."""

from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import options
from piooy_cli.domain.answers import Listing
from piooy_cli.domain.errors import NotDownloaded
from piooy_cli.domain.hints import Hint


def where(
    ctx: typer.Context,
    ref: Annotated[
        str,
        typer.Argument(
            metavar="REF", help="A task, @last, a file, or the beginning of a file's SHA-256."
        ),
    ],
    under: options.Under = None,
) -> None:
    """Show where saved files are, and which task they are of.

    \b
    Examples:
      piooy where @last
      piooy where fox.png
      piooy where @last --under ~/Pictures

    The state of a file is here, moved, changed or missing.
    """
    from piooy_cli.app.history import store_with
    from piooy_cli.app.where import find_files

    context: Context = ctx.obj
    found = find_files(store_with(context, ref), ref, under or [])
    records = [
        {
            "path": str(one.path), "state": one.state, "id": one.file.task.id,
            "n": one.file.asset.n, "saved_as": one.file.path, "sha256": one.file.sha256,
        }
        for one in found
    ]  # fmt: skip
    rows = [[str(one.path), one.state, f"{one.file.task.id}#{one.file.asset.n}"] for one in found]
    context.output.answer(Listing(["path", "state", "task"], rows, records))
    if lost := [one for one in found if one.state in ("missing", "changed")]:
        hint = Hint("history check", ("--under", "DIR"), "to look for it elsewhere: {}")
        raise NotDownloaded(f"{lost[0].path} is {lost[0].state}", hint)
