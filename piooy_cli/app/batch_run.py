"""Rows through the engine, as `batch` and `generate --vary` run them; what is said at the end."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from piooy_cli.app.batch_estimate import seconds_per_row
from piooy_cli.app.batch_outcome import final_error, summarize
from piooy_cli.app.batch_request import BatchOptions
from piooy_cli.app.context import Context
from piooy_cli.domain.errors import Interrupted, PiooyError
from piooy_cli.domain.events import Noticed, Saved
from piooy_cli.domain.models import OrderState

if TYPE_CHECKING:
    from piooy_cli.batch.counters import BatchCounters
    from piooy_cli.batch.prepare import Batch, RowSource
    from piooy_cli.batch.results import ResultsFile
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.batch.sweep import Axis
    from piooy_cli.concurrency.deadline import Deadline
    from piooy_cli.ledger.store import OrderStore
    from piooy_cli.requests.builder import RequestSpec

_EAGER = 0.1


def run_batch(
    context: Context,
    source: "RowSource",
    defaults: "RequestSpec",
    axes: "Sequence[Axis]",
    wanted: BatchOptions,
) -> None:
    """All rows as far as they go. Raises what the whole ends with, if anything is not done."""
    from piooy_cli.batch.prepare import BatchPreparer
    from piooy_cli.batch.recovery import refuse_changed

    store = _store(context, wanted)
    directory = context.places.state / "batches" / _place_of(context.vault.account)
    decides = _decides(context, defaults, axes)
    keep = not wanted.dry_run
    until = wanted.plan.until
    lock_wait = min(wanted.lock_wait, max(until.left, 0)) if until else wanted.lock_wait
    opening = BatchPreparer(directory, decides, lock_wait, context.tell, keep)

    def check(batch: "Batch") -> None:
        refuse_changed(store, batch.name, batch.spool, only_failed=wanted.plan.only_failed)

    with opening.batch(source, check) as batch:
        if wanted.dry_run:
            from piooy_cli.app.batch_dry_run import dry_run_batch

            return dry_run_batch(context, store, batch, wanted)
        if wanted.asks:
            _consent(context, store, batch, wanted.yes)
        error = _run_locked(context, store, batch, wanted)
        if axes and not isinstance(error, Interrupted):
            from piooy_cli.app.contact_sheet import draw_contact_sheet

            draw_contact_sheet(context, store, batch, axes, wanted.wish.target.directory)
    if error:
        raise error
    return None


def _store(context: Context, wanted: BatchOptions) -> "OrderStore":
    """The ledger, or the error that it cannot be used: nothing is sent that is not recorded."""
    if not wanted.dry_run and not context.settings.sandbox:
        _ = context.key  # a missing one is reported before a long manifest is read
    store = context.ledger.require()
    store.limit_batch(wanted.max_tasks)
    return store


def _decides(
    context: Context, defaults: "RequestSpec", axes: "Sequence[Axis]"
) -> Mapping[str, Any]:
    """What decides requests, beside the rows themselves."""
    own = context.settings
    tables = [dict(own.model), own.provider, repr(own.options), repr(own.models)]
    given = defaults._asdict() | {"options": dict(defaults.options)}
    return given | {"own": tables, "axes": [list(axis) for axis in axes]}


def manifest_patience(context: Context, until: "Deadline | None") -> "Callable[[], None]":
    """What a manifest calls for each second in which a pipe brings nothing."""
    from piooy_cli.batch.row_state import deadline_error

    silent = 0

    def waiting() -> None:
        nonlocal silent
        silent += 1
        if silent % max(int(min(context.heartbeat, 3600)), 1) == 0:
            context.tell(Noticed("waiting for the manifest; nothing was sent"))
        if until and until.passed:
            raise deadline_error()

    return waiting


def _place_of(account: str) -> str:
    """A directory for each account: a sandbox's batches are not those of the service."""
    from hashlib import sha256

    readable = "".join(c if c.isalnum() or c in "-_." else "-" for c in account)
    return f"{readable}-{sha256(account.encode()).hexdigest()[:6]}"


def _consent(context: Context, store: "OrderStore", batch: "Batch", yes: bool) -> None:
    """A sweep says how many cells it has, and how many are to be paid for."""
    from piooy_cli.app.confirm import confirm_charges

    rows = batch.spool.count()
    new = sum(
        1
        for row in batch.spool.every_open()
        if (sent := store.newest_order(batch.name, row.key)) is None
        or sent.state == OrderState.PLANNED
    )
    paid = f"; {rows - new:,} are paid for" if new < rows else ""
    context.tell(Noticed(f"{rows:,} cells, {new:,} to send{paid}"))
    confirm_charges(context, new, yes)


def _run_locked(
    context: Context, store: "OrderStore", batch: "Batch", wanted: BatchOptions
) -> PiooyError | None:
    """Run it, and say what it came to; what it ended with."""
    from piooy_cli.batch.counters import BatchCounters
    from piooy_cli.batch.recovery import catch_up
    from piooy_cli.batch.results import ResultsFile
    from piooy_cli.batch.row_state import RETRIED
    from piooy_cli.downloads.publish import ensure_writable

    ensure_writable(wanted.wish.target.directory)
    spool, name = batch.spool, batch.name
    with ExitStack() as stack:
        results = ResultsFile(wanted.results_path, name)
        stack.callback(results.close)
        catch_up(store, name, spool, results)
        if wanted.plan.only_failed:
            spool.reopen(RETRIED)
        earlier = spool.ended()
        failed = sum(count for word, count in earlier.items() if word in RETRIED)
        tally = BatchCounters(name, spool.count(), earlier, failed)
        error: PiooyError | None = None
        try:
            context.run(_run, store, batch, results, tally, wanted, results=(Saved,))
            error = final_error(tally, wanted.again)
        except PiooyError as stopped:
            error = stopped
        summarize(context, tally, error, wanted)
        return error


async def _run(
    context: Context, store: "OrderStore", batch: "Batch", results: "ResultsFile",
    tally: "BatchCounters", wanted: BatchOptions,
) -> None:  # fmt: skip
    from functools import lru_cache

    from piooy_cli.batch.runner import BatchRunner
    from piooy_cli.downloads.publish import ensure_writable
    from piooy_cli.downloads.saver import Saver

    plan = wanted.plan
    # So many rows at once bound the looks by themselves; the first rows teach the others.
    context.numbers = context.numbers._replace(poll_rate=1000, poll_burst=1000)
    context.pace = context.pace._replace(eager=min(context.pace.early, _EAGER))
    async with context.pipeline(wanted.timeout, plan.until) as pipeline:
        pipeline.again = wanted.again
        pipeline.resume_with(wanted.wish.again)
        if seconds := seconds_per_row(context, store, batch):
            tally.per_row = seconds / plan.concurrency

        @lru_cache(maxsize=64)
        def saver(output: str | None) -> Saver:
            wish = wanted.wish.at(output)
            if output is not None:
                ensure_writable(wish.target.directory)
            return context.saver(wish)

        engine = BatchRunner(
            pipeline, store, batch.spool, results, tally, saver, context.tell, plan
        )
        context.tell(tally.counted())
        with _alarm(plan, pipeline):
            await engine.run()
        tally.closed = tally.closed or pipeline.closed


def _alarm(plan: "RunPlan", pipeline: Any) -> ExitStack:
    """At the deadline nothing more is sent, even by rows that wait for their turn."""
    import asyncio

    from piooy_cli.batch.row_state import deadline_error

    stack = ExitStack()
    if plan.until:
        loop = asyncio.get_running_loop()
        handle = loop.call_later(max(plan.until.left, 0), lambda: pipeline.close(deadline_error()))
        stack.callback(handle.cancel)
    return stack
