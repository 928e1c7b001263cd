"""`piooy store`: the optional store of saved files, by their digests."""

from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli.help import CommandApp
from piooy_cli.domain.answers import Listing
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint

store = CommandApp(help="Keep each saved file once more, under its digest, as a link.")


@store.callback()
def store_help(ctx: typer.Context) -> None:
    """Print the help when no command is given."""
    if ctx.invoked_subcommand is None:
        context: Context = ctx.obj
        context.output.page(ctx.get_help())


@store.command("gc")
def collect(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be removed, and remove nothing.")
    ] = False,
) -> None:
    """Remove files from the store that no readable name refers to any more.

    \b
    Examples:
      piooy store gc --dry-run
      piooy store gc

    `config set store DIR` has each saved file linked into DIR, under its SHA-256. The link takes no
    room, and keeps the file when its readable name is deleted, until this command is run.
    """
    from piooy_cli.downloads.object_store import unreferenced
    from piooy_cli.files.reading import expanded

    context: Context = ctx.obj
    if not context.settings.store:
        hint = Hint("config set", ("store", "DIR"), "to have one: {}")
        raise UsageError("there is no store", hint)
    found = list(unreferenced(expanded(context.settings.store)))
    rows = [[str(one.path), str(one.bytes)] for one in found]
    records = [{"path": str(one.path), "bytes": one.bytes} for one in found]
    context.output.answer(Listing(["path", "bytes"], rows, records))
    for one in () if dry_run else found:
        one.path.unlink(missing_ok=True)
    done = "would be removed" if dry_run else "removed"
    context.output.note(f"{len(found):,} files, {sum(one.bytes for one in found):,} bytes {done}")
