"""`piooy history check`: the ledger's integrity, and every saved file against its hash."""

from typing import Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import options
from piooy_cli.domain.answers import Listing
from piooy_cli.domain.errors import NotDownloaded, PiooyError
from piooy_cli.domain.events import Saved
from piooy_cli.domain.hints import Hint


def check_history(
    ctx: typer.Context,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Download missing or changed files again, under a free name."
        ),
    ] = False,
    under: options.Under = None,
) -> None:
    """Check the ledger's integrity, and every saved file against its hash.

    \b
    Examples:
      piooy history check
      piooy history check --under ~/Pictures
      piooy history check --repair
    """
    from piooy_cli.app.history import repair as repair_files
    from piooy_cli.app.where import follow_moved

    context: Context = ctx.obj
    store = context.existing_store()
    broken = list(store.integrity_errors()) if store else []
    gone = list(store.damaged_files()) if store else []
    if store and under and not broken:
        moved = follow_moved(store, gone, under)
        for one, path in moved:
            context.output.note(f"{one.path} is {path} now")
        found = {one for one, _ in moved}
        gone = [one for one in gone if one not in found]
    if repair and gone and not broken:
        context.run(repair_files, gone, results=(Saved,))
        return
    rows = [list(one) for one in (*broken, *((one.task_id, one.problem) for one in gone))]
    records = [{"what": what, "found": found} for what, found in rows]
    context.output.answer(Listing(["what", "found"], rows, records))
    if broken:
        message = f"the ledger violates {len(broken)} integrity rules"
        raise PiooyError(message, "keep the file and report this")
    if gone:
        hint = Hint("history check", ("--repair",), "to fetch them again at no charge: {}")
        raise NotDownloaded(f"{len(gone)} saved files are missing or changed", hint)
    context.output.note("no problems found")
