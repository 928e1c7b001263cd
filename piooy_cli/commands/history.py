"""`piooy history`: the local ledger, listed, searched, settled, exported and checked."""

import time
from getpass import getuser
from typing import Annotated, Any

import typer

from piooy_cli.answers import Document, Line, Listing
from piooy_cli.commands import options
from piooy_cli.commands.app import App
from piooy_cli.errors import NotDownloaded, NotFound, PiooyError, StillRunning, UsageError
from piooy_cli.events import Saved, Shown
from piooy_cli.models import Media, checked_id
from piooy_cli.session import Session

history = App()
_Ref = Annotated[
    str, typer.Argument(metavar="REF", help="A task id, its beginning, @last, @row:N.")
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
_Status = Annotated[str | None, typer.Option("--status", metavar="WORD", help="Such as FAILED.")]
_Model = Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="Of this model.")]
_Media = Annotated[Media | None, typer.Option("--media", help="Of this media type.")]
_Since = Annotated[
    float | None,
    typer.Option("--since", parser=options.duration, metavar="AGE", help="Not older: 2d, 12h."),
]
_Search = Annotated[
    str | None, typer.Option("--search", metavar="TEXT", help="Words of prompt, model or id.")
]
_Unsaved = Annotated[bool, typer.Option("--unsaved", help="Succeeded, and not all saved.")]
_Unknown = Annotated[bool, typer.Option("--unknown", help="In doubt: a person has to decide.")]
_Batch = Annotated[str | None, typer.Option("--batch", metavar="NAME", help="Of this batch.")]
_Limit = Annotated[
    int, typer.Option("--limit", "-n", parser=options.positive, metavar="N", help="So many.")
]
_Adopt = Annotated[
    str | None, typer.Option("--adopt", metavar="TASK_ID", help="It is this one; the API is asked.")
]
_NotCharged = Annotated[
    bool, typer.Option("--not-charged", help="It never arrived: it may be sent once more.")
]
_Charged = Annotated[
    bool, typer.Option("--charged", help="It was charged and is lost: write it off.")
]
_Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept with the decision.")]
_Before = Annotated[
    float,
    typer.Option("--before", parser=options.duration, metavar="AGE", help="Older than: 90d."),
]


@history.callback()
def list_(
    ctx: typer.Context,
    status: _Status = None,
    model: _Model = None,
    media: _Media = None,
    since: _Since = None,
    search: _Search = None,
    unsaved: _Unsaved = False,
    unknown: _Unknown = False,
    batch: _Batch = None,
    limit: _Limit = 30,
    fields: options.Fields = None,
) -> None:
    """List the orders of this machine, and what became of them.

    \b
    Examples:
      piooy history --since 2d --search fox
      piooy history --unknown
      piooy history --unsaved | piooy download -o out/
    """
    if ctx.invoked_subcommand is not None:
        return
    from piooy_cli.ledger.history import Filters, listed_files

    session: Session = ctx.obj
    session.fields = options.known_fields(fields)
    filters = Filters(status, model, media, since, search, unsaved, unknown, batch, limit)
    session.output.results_are((Shown,))
    if ledger := session.past():
        for task, files in listed_files(ledger, filters):
            session.tell(Shown(task, files))


@history.command("show")
def show(ctx: typer.Context, ref: _Ref) -> None:
    """Show all that is known of one order: attempts, files, decisions."""
    from piooy_cli.ledger.history import whole
    from piooy_cli.ledger.references import order_of

    session: Session = ctx.obj
    ledger = _past(session, ref)
    session.output.answer(Document(_record(*whole(ledger, order_of(ledger, ref)))))


@history.command("resolve")
def resolve(
    ctx: typer.Context,
    ref: _Ref,
    adopt: _Adopt = None,
    not_charged: _NotCharged = False,
    charged: _Charged = False,
    why: _Why = "",
) -> None:
    """Say what became of an order whose answer was lost. Nothing else ever settles it.

    \b
    Examples:
      piooy history resolve @row:12 --charged
      piooy history resolve @row:12 --not-charged --why "not in my account"
    """
    from piooy_cli.ledger.history import decide
    from piooy_cli.ledger.references import order_of

    session: Session = ctx.obj
    if (adopt is not None) + not_charged + charged != 1:
        raise UsageError("one of --adopt, --not-charged and --charged is wanted")
    ledger = _past(session, ref)
    row = order_of(ledger, ref)
    if adopt is not None:
        session.run(_adopt, ledger, row, checked_id(adopt), why)
        return
    decide(ledger, row["id"], "PLANNED" if not_charged else "WRITTEN_OFF", _who(), why, None)
    told = "it may be sent once more: run the same command again" if not_charged else "written off"
    session.output.note(f"@row:{row['id']}: {told}")


async def _adopt(session: Session, ledger: Any, row: Any, task_id: str, why: str) -> None:
    from dataclasses import replace

    from piooy_cli.ledger.history import decide
    from piooy_cli.ledger.rows import task_of

    async with session.api() as api:
        seen = await api.task(replace(task_of(row, ()), id=task_id))
    decide(ledger, row["id"], "SUBMITTED", _who(), why, task_id)
    ledger.seen(seen)
    session.output.note(f"@row:{row['id']} is task {task_id}, {seen.status}")


@history.command("prune")
def prune(
    ctx: typer.Context,
    before: _Before,
    yes: _Yes = False,
) -> None:
    """Forget orders that are over and older; what runs or is in doubt stays, so do files."""
    from piooy_cli.ledger import history as past

    session: Session = ctx.obj
    if not yes and not session.interactive:
        raise UsageError(
            "history that is forgotten does not come back", "--yes says that it is meant"
        )
    if not yes and not session.output.ask("Forget them?"):
        raise StillRunning("declined; nothing was forgotten")
    ledger = session.past()
    count = past.prune(ledger, time.time() - before) if ledger else 0
    session.output.note(f"forgot {count:,}")


@history.command("export")
def export(ctx: typer.Context) -> None:
    """Print every order with all that is known of it, as JSON Lines, oldest first."""
    from piooy_cli.ledger import COLUMNS
    from piooy_cli.ledger.history import whole
    from piooy_cli.output.records import compact

    session: Session = ctx.obj
    if (ledger := session.past()) is None:
        return
    query = f"select {COLUMNS} from orders where account = ? order by id"
    for row in ledger.read(query, ledger.account):
        record = _record(*whole(ledger, row))
        session.output.answer(Line(compact(record), record))


@history.command("stats")
def stats(ctx: typer.Context, model: _Model = None) -> None:
    """How long runs took, and how many succeeded, by model, scene and size.

    \b
    Examples:
      piooy history stats
      piooy history stats -m nano-banana-pro --json
    """
    from piooy_cli.commands.models import experience, runs_record
    from piooy_cli.ledger.statistics import runs

    session: Session = ctx.obj
    ledger = session.past()
    found = list(runs(ledger, model)) if ledger else []
    columns = ["model", "scene", "size", "runs", "success", "median", "9 of 10"]
    rows = [[one.model, one.scene or "", one.size, *experience(one)] for one in found]
    kinds = [{"model": one.model, "scene": one.scene, "size": one.size or None} for one in found]
    records = [kind | runs_record(one) for kind, one in zip(kinds, found, strict=True)]
    longest = max((one.median or 0 for one in found), default=0)
    bars = [(one.median or 0) / longest for one in found] if longest else ()
    session.output.answer(Listing(columns, rows, records, bars=bars))


@history.command("check")
def check(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch what is missing or changed, under a free name.")
    ] = False,
) -> None:
    """Check every rule of the ledger anew, and every saved file by its hash."""
    from piooy_cli.ledger.checks import damaged, faults

    session: Session = ctx.obj
    ledger = session.past()
    broken, gone = (list(faults(ledger)), list(damaged(ledger))) if ledger else ([], [])
    if repair and gone and not broken:
        session.run(_repair, gone, results=(Saved,))
        return
    rows = [list(one) for one in (*broken, *((one.task_id, one.sentence) for one in gone))]
    records = [{"what": what, "found": found} for what, found in rows]
    session.output.answer(Listing(["what", "found"], rows, records))
    if broken:
        hint = "keep the file; please report it"
        raise PiooyError(f"{len(broken)} rules of the ledger are broken", hint)
    if gone:
        hint = "`piooy history check --repair` fetches them at no charge"
        raise NotDownloaded(f"{len(gone)} saved files are gone or changed", hint)
    session.output.note("all is well")


async def _repair(session: Session, gone: list[Any]) -> None:
    """Each under its own name where that is free, else beside it."""
    from piooy_cli.commands.tally import each
    from piooy_cli.downloads import Wish
    from piooy_cli.naming import Target

    async with session.pipeline() as pipeline:

        async def one(file: Any) -> None:
            saver = session.saver(Wish(Target.exactly(file.path), covers=True))
            task = pipeline.known(file.task_id) or await pipeline.look(file.task_id, sure=True)
            await pipeline.fetch(task, saver, only=file.n)

        await each(session, one, gone, at_once=4)


def _past(session: Session, ref: str) -> Any:
    """The ledger, or NotFound where nothing was ever sent."""
    ledger = session.past()
    if ledger is None:
        raise NotFound(f"{ref} is not in the history, which is empty")
    return ledger


def _record(task: Any, files: Any, more: dict[str, Any]) -> dict[str, Any]:
    from piooy_cli.output.records import shown_record

    return shown_record(task, files) | more


def _who() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return "somebody"
