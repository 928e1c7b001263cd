"""Rows through the engine, as `batch` and `generate --vary` run them; what is said at the end."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from piooy_cli.commands.outcome import ending_of, report
from piooy_cli.errors import Interrupted, PiooyError, UsageError
from piooy_cli.events import Noticed, Saved
from piooy_cli.session import Session

if TYPE_CHECKING:
    from piooy_cli.api.retry import Deadline
    from piooy_cli.asking import Asked
    from piooy_cli.batch.opening import Batch, Source
    from piooy_cli.batch.results import Results
    from piooy_cli.batch.sweep import Axis
    from piooy_cli.batch.tally import Tally
    from piooy_cli.batch.turns import Plan
    from piooy_cli.downloads import Wish
    from piooy_cli.ledger import Ledger
    from piooy_cli.models import Order

_CHANGED_SHOWN = 20
_EAGER = 0.1
_SAMPLE = 200  # rows that tell how long all of them take


class Wanted(NamedTuple):
    """What is wanted of a run, beside its rows. `again`: the command that goes on with it."""

    plan: "Plan"
    wish: "Wish"
    again: str
    timeout: float | None = None
    lock_wait: float = 0
    max_tasks: int | None = None
    dry_run: bool = False
    results: str | None = None
    summary: str | None = None
    metrics: str | None = None
    asks: bool = False
    yes: bool = False

    @property
    def results_path(self) -> Path:
        """Beside the files, where no other place was named."""
        from piooy_cli.paths import expanded

        default = self.wish.target.directory / "results.jsonl"
        return (expanded(self.results) if self.results else default).absolute()


def run(
    session: Session, source: "Source", defaults: "Asked", axes: "Sequence[Axis]", wanted: Wanted
) -> None:
    """All rows as far as they go. Raises what the whole ends with, if anything is not done."""
    from piooy_cli.batch.opening import Opening

    ledger = _ledger(session, wanted)
    directory = session.places.state / "batches" / _place_of(session.vault.account)
    decides = _decides(session, defaults, axes)
    keep = not wanted.dry_run
    until = wanted.plan.until
    lock_wait = min(wanted.lock_wait, max(until.left, 0)) if until else wanted.lock_wait
    opening = Opening(directory, decides, lock_wait, session.tell, keep)

    def check(batch: "Batch") -> None:
        _refuse_changed(ledger, batch, only_failed=wanted.plan.only_failed)

    with opening.batch(source, check) as batch:
        if wanted.dry_run:
            from piooy_cli.commands.rehearsal import rehearse

            return rehearse(session, ledger, batch, wanted)
        if wanted.asks:
            _consent(session, ledger, batch, wanted.yes)
        error = _run_locked(session, ledger, batch, wanted)
        if axes and not isinstance(error, Interrupted):
            from piooy_cli.commands.sweeping import draw_sheet

            draw_sheet(session, ledger, batch, axes, wanted.wish.target.directory)
    if error:
        raise error
    return None


def _ledger(session: Session, wanted: Wanted) -> "Ledger":
    """Raises where there can be none: nothing is sent that cannot be recorded."""
    from piooy_cli.ledger.unkept import Unkept

    if not wanted.dry_run and not session.settings.sandbox:
        _ = session.key  # a missing one is said before a long manifest is read
    ledger = session.ledger
    if isinstance(ledger, Unkept):
        raise ledger.trouble
    ledger.caps = ledger.caps._replace(of_batch=wanted.max_tasks)
    return ledger


def _decides(session: Session, defaults: "Asked", axes: "Sequence[Axis]") -> Mapping[str, Any]:
    """What decides requests, beside the rows themselves."""
    own = session.settings
    tables = [dict(own.model), own.provider, repr(own.options), repr(own.models)]
    given = defaults._asdict() | {"options": dict(defaults.options)}
    return given | {"own": tables, "axes": [list(axis) for axis in axes]}


def patience(session: Session, until: "Deadline | None") -> "Callable[[], None]":
    """What a manifest calls for each second in which a pipe brings nothing."""
    from piooy_cli.batch.turns import out_of_time

    silent = 0

    def waiting() -> None:
        nonlocal silent
        silent += 1
        if silent % max(int(min(session.heartbeat, 3600)), 1) == 0:
            session.tell(Noticed("waiting for the manifest; nothing was sent"))
        if until and until.passed:
            raise out_of_time()

    return waiting


def _place_of(account: str) -> str:
    """A directory for each account: a sandbox's batches are not those of the service."""
    from hashlib import sha256

    readable = "".join(c if c.isalnum() or c in "-_." else "-" for c in account)
    return f"{readable}-{sha256(account.encode()).hexdigest()[:6]}"


def _refuse_changed(ledger: "Ledger", batch: "Batch", *, only_failed: bool) -> None:
    """A row that was sent, and asks for something else now, is named; nothing is sent."""
    from piooy_cli.ledger.batches import changed

    found = changed(ledger, batch.name, batch.spool.path, but_failed=only_failed)
    if not found:
        return
    told = ", ".join(
        (f"line {one.line}" if one.line else one.row[:40]) + f" (sent as {one.ref})"
        for one in found
    )
    more = " and perhaps more" if len(found) == _CHANGED_SHOWN else ""
    raise UsageError(
        f"batch {batch.name}: changed since it was sent: {told}{more}; nothing was sent",
        "change it back, give the row a new id, or the whole a new --name",
    )


def _consent(session: Session, ledger: "Ledger", batch: "Batch", yes: bool) -> None:
    """A sweep says how many cells it has, and how many are to be paid for."""
    from piooy_cli.commands.consent import consent
    from piooy_cli.ledger.batches import newest

    rows = batch.spool.count()
    new = sum(
        1
        for row in batch.spool.every_open()
        if (sent := newest(ledger, batch.name, row.key)) is None or sent.state == "PLANNED"
    )
    paid = f"; {rows - new:,} are paid for" if new < rows else ""
    session.tell(Noticed(f"{rows:,} cells, {new:,} to send{paid}"))
    consent(session, new, yes)


def _run_locked(
    session: Session, ledger: "Ledger", batch: "Batch", wanted: Wanted
) -> PiooyError | None:
    """Run it, and say what it came to; what it ended with."""
    from piooy_cli.batch.results import Results
    from piooy_cli.batch.tally import Tally
    from piooy_cli.batch.turns import RETRIED
    from piooy_cli.files import ready

    ready(wanted.wish.target.directory)
    spool, name = batch.spool, batch.name
    with ExitStack() as stack:
        results = Results(wanted.results_path, name)
        stack.callback(results.close)
        _caught_up(ledger, batch, results)
        if wanted.plan.only_failed:
            spool.reopen(RETRIED)
        earlier = spool.ended()
        failed = sum(count for word, count in earlier.items() if word in RETRIED)
        tally = Tally(name, spool.count(), earlier, failed)
        error: PiooyError | None = None
        try:
            session.run(_run, ledger, batch, results, tally, wanted, results=(Saved,))
            error = ending_of(tally, wanted.again)
        except PiooyError as stopped:
            error = stopped
        report(session, tally, error, wanted)
        return error


def _caught_up(ledger: "Ledger", batch: "Batch", results: "Results") -> None:
    """The spool's marks as the results are: a crash may have come between the two."""
    from piooy_cli.batch.tally import IN_DOUBT
    from piooy_cli.ledger.batches import newest

    spool, begin = batch.spool, int(batch.spool.fact("results_end") or 0)
    if begin > results.end or spool.fact("results_file") not in (None, results.identity):
        spool.reopen(None)  # the file is another one, or was cut: it is written anew
        begin = 0
    for key, word, task_id, end in results.since(begin):
        row, sent = spool.row(key=key), newest(ledger, batch.name, key)
        # Another account, or an earlier turn, may have written it.
        if row and sent and sent.asked == row.asked and (sent.task.id or None) == task_id:
            spool.mark(row.n, word, ended=word != IN_DOUBT, results_end=end)
    spool.note(results_file=results.identity)


async def _run(
    session: Session, ledger: "Ledger", batch: "Batch", results: "Results", tally: "Tally",
    wanted: Wanted,
) -> None:  # fmt: skip
    from functools import lru_cache

    from piooy_cli.batch.engine import Engine
    from piooy_cli.downloads import Saver
    from piooy_cli.files import ready

    plan = wanted.plan
    # So many rows at once bound the looks by themselves; the first rows teach the others.
    session.numbers = session.numbers._replace(look_rate=1000, look_burst=1000)
    session.pace = session.pace._replace(eager=min(session.pace.early, _EAGER))
    async with session.pipeline(wanted.timeout, plan.until) as pipeline:
        pipeline.again = wanted.again
        pipeline.resume_with(wanted.wish.again)
        if seconds := _seconds_of_a_row(session, ledger, batch):
            tally.per_row = seconds / plan.concurrency

        @lru_cache(maxsize=64)
        def saver(output: str | None) -> Saver:
            wish = wanted.wish.at(output)
            if output is not None:
                ready(wish.target.directory)
            return session.saver(wish)

        engine = Engine(pipeline, ledger, batch.spool, results, tally, saver, session.tell, plan)
        session.tell(tally.counted())
        with _alarm(plan, pipeline):
            await engine.run()
        tally.closed = tally.closed or pipeline.closed


def _alarm(plan: "Plan", pipeline: Any) -> ExitStack:
    """At the deadline nothing more is sent, even by rows that wait for their turn."""
    import asyncio

    from piooy_cli.batch.turns import out_of_time

    stack = ExitStack()
    if plan.until:
        loop = asyncio.get_running_loop()
        handle = loop.call_later(max(plan.until.left, 0), lambda: pipeline.close(out_of_time()))
        stack.callback(handle.cancel)
    return stack


def usual_seconds(session: Session, ledger: "Ledger") -> "Callable[[Order], float]":
    """How long an order usually takes: as its last runs, and the catalogue, say."""
    from functools import lru_cache

    from piooy_cli.models import Task
    from piooy_cli.polling import expected

    @lru_cache(maxsize=1000)
    def usual(media: str, scene: str, provider: str, model: str, size: str) -> float:
        task = Task("", media=media, scene=scene, provider=provider, model=model, size=size)
        typical = session.catalogue.typical_seconds(model, media)
        return expected(ledger.past(task), typical).middle

    return lambda order: usual(order.media, order.scene, order.provider, order.model, order.size)


def _seconds_of_a_row(session: Session, ledger: "Ledger", batch: "Batch") -> float | None:
    """How long a row usually takes, as the next ones say; None where there are none."""
    usual = usual_seconds(session, ledger)
    seconds = [usual(row.order) for row in batch.spool.open_rows(0, _SAMPLE)]
    return sum(seconds) / len(seconds) if seconds else None
