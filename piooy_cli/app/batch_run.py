"""Running a batch, for `batch` and `generate --vary`, and reporting its outcome."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from piooy_cli.app.batch_estimate import seconds_per_row
from piooy_cli.app.batch_options import BatchOptions
from piooy_cli.app.batch_outcome import final_error, summarize
from piooy_cli.app.context import Context
from piooy_cli.domain.errors import Interrupted, PiooyError
from piooy_cli.domain.events import Noticed, Saved
from piooy_cli.domain.models import OrderState

if TYPE_CHECKING:
    from pathlib import Path

    from piooy_cli.batch.counters import BatchCounters
    from piooy_cli.batch.prepare import Batch, RowSource
    from piooy_cli.batch.results import ResultsFile
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.batch.sweep import Axis
    from piooy_cli.concurrency.backoff import Deadline
    from piooy_cli.ledger.store import OrderStore
    from piooy_cli.requests.builder import RequestSpec

RESUME_HINT = "to continue: run the same command again"
_EAGER = 0.1  # seconds until the first poll of the first rows


def run_batch(
    context: Context,
    source: "RowSource",
    defaults: "RequestSpec",
    axes: "Sequence[Axis]",
    options: BatchOptions,
) -> None:
    """Run all rows. Raises the error that the run ends with, unless every row is done."""
    from piooy_cli.batch.prepare import BatchPreparer
    from piooy_cli.batch.recovery import refuse_changed

    store = _store(context, options)
    directory = batch_directory(context)
    decides = _decides(context, defaults, axes, options)
    keep = not options.dry_run
    until = options.plan.until
    lock_wait = min(options.lock_wait, max(until.left, 0)) if until else options.lock_wait
    preparer = BatchPreparer(directory, decides, lock_wait, context.tell, keep)

    def check(batch: "Batch") -> None:
        refuse_changed(store, batch.name, batch.row_store, only_failed=options.plan.only_failed)

    with preparer.batch(source, check) as batch:
        store.check_sound()
        batch.sent_mark.check(store, batch.name)
        if options.dry_run:
            from piooy_cli.app.batch_dry_run import dry_run_batch

            return dry_run_batch(context, store, batch, options)
        if options.confirm:
            options.confirm(store, batch)
        error = _run_locked(context, store, batch, options)
        if axes and not isinstance(error, Interrupted):
            from piooy_cli.app.contact_sheet import draw_contact_sheet

            draw_contact_sheet(context, store, batch, axes, options.save.target.directory)
        if not context.settings.history_prompts and not batch.row_store.open_rows(0, 1):
            batch.row_store.erase_requests()
    if error:
        raise error
    return None


def _store(context: Context, options: BatchOptions) -> "OrderStore":
    """Return the ledger. Raises if it cannot be used: what cannot be recorded is not sent."""
    if not options.dry_run and not context.settings.sandbox:
        _ = context.key  # a missing one is reported before a long manifest is read
    store = context.ledger.require()
    store.limit_batch(options.max_tasks)
    return store


def _decides(
    context: Context, defaults: "RequestSpec", axes: "Sequence[Axis]", options: BatchOptions
) -> Mapping[str, Any]:
    """Return what shapes or permits requests, beside the rows themselves."""
    own = context.settings
    tables = [dict(own.model), own.provider, repr(own.options), repr(own.models)]
    given = defaults._asdict() | {"options": dict(defaults.options), "tags": dict(defaults.tags)}
    permitted = options.save.row_paths
    return given | {"own": tables, "axes": [list(axis) for axis in axes], "row_paths": permitted}


def manifest_patience(context: Context, until: "Deadline | None") -> "Callable[[], None]":
    """Return the function to call for each second in which the manifest's pipe is silent."""
    from piooy_cli.batch.row_state import deadline_error

    silent = 0

    def waiting() -> None:
        nonlocal silent
        silent += 1
        if silent % max(int(min(context.options.heartbeat, 3600)), 1) == 0:
            context.tell(Noticed("waiting for the manifest; nothing was sent"))
        if until and until.passed:
            raise deadline_error()

    return waiting


def batch_directory(context: Context) -> "Path":
    """Return the directory of the account's batches: those of the sandbox are kept apart."""
    from hashlib import sha256

    account = context.key_store.account
    readable = "".join(c if c.isalnum() or c in "-_." else "-" for c in account)
    name = f"{readable}-{sha256(account.encode()).hexdigest()[:6]}"
    return context.directories.state / "batches" / name


def confirm_cells(context: Context, yes: bool, store: "OrderStore", batch: "Batch") -> None:
    """Report how many cells a sweep has and how many will be charged, and ask."""
    from piooy_cli.app.confirm import confirm_charges

    rows = batch.row_store.count()
    new = sum(
        1
        for row in batch.row_store.every_open()
        if (sent := store.newest_order(batch.name, row.key)) is None
        or sent.state == OrderState.PLANNED
    )
    paid = f"; {rows - new:,} already sent" if new < rows else ""
    context.tell(Noticed(f"{rows:,} cells, {new:,} to send{paid}"))
    confirm_charges(context, new, yes)


def _run_locked(
    context: Context, store: "OrderStore", batch: "Batch", options: BatchOptions
) -> PiooyError | None:
    """Run the rows and report the outcome; return the error that the run ended with."""
    from piooy_cli.batch.counters import BatchCounters
    from piooy_cli.batch.recovery import catch_up
    from piooy_cli.batch.results import ResultsFile
    from piooy_cli.batch.row_state import RETRIED
    from piooy_cli.downloads.publish import ensure_writable

    ensure_writable(options.save.target.directory)
    rows, name = batch.row_store, batch.name
    with ExitStack() as stack:
        results = ResultsFile(options.results_path, name)
        stack.callback(results.close)
        catch_up(store, name, rows, results)
        if options.plan.only_failed:
            rows.reopen(RETRIED)
        earlier = rows.ended()
        failed = sum(count for word, count in earlier.items() if word in RETRIED)
        counters = BatchCounters(name, rows.count(), earlier, failed)
        error: PiooyError | None = None
        try:
            context.run(_run, store, batch, results, counters, options, results=(Saved,))
            if options.save.strict:
                counters.count_short(one for one in store.short_rows(name) if rows.row(key=one))
            error = final_error(counters, RESUME_HINT)
        except PiooyError as stopped:
            error = stopped
        summarize(context, counters, error, options)
        return error


async def _run(
    context: Context, store: "OrderStore", batch: "Batch", results: "ResultsFile",
    counters: "BatchCounters", options: BatchOptions,
) -> None:  # fmt: skip
    from dataclasses import replace
    from functools import lru_cache

    from piooy_cli.batch.runner import BatchRunner
    from piooy_cli.downloads.publish import ensure_writable
    from piooy_cli.downloads.saver import Saver

    plan = options.plan
    # The number of rows at once bounds the polls by itself; the first rows teach the others.
    limits = context.limits._replace(poll_rate=1000, poll_burst=1000)
    pace = context.pace._replace(eager=min(context.pace.early, _EAGER))
    async with context.pipeline(options.timeout, plan.until, limits, pace) as pipeline:
        pipeline.again = RESUME_HINT
        pipeline.resume_with(options.save.wait_arguments)
        if seconds := seconds_per_row(context, store, batch):
            counters.per_row = seconds / plan.concurrency

        # The rows that are not as ordered are counted at the end, with those of earlier runs.
        together = replace(options.save, strict=False)

        @lru_cache(maxsize=64)
        def saver(output: str | None) -> Saver:
            save = together.at(output)
            if output is not None:
                ensure_writable(save.target.directory)
            return pipeline.saver(save)

        runner = BatchRunner(
            pipeline, store, batch.row_store, results, counters, saver, context.tell, plan,
            batch.sent_mark,
        )  # fmt: skip
        context.tell(counters.counted())
        with _alarm(plan, pipeline):
            await runner.run()
        counters.closed = counters.closed or pipeline.closed


def _alarm(plan: "RunPlan", pipeline: Any) -> ExitStack:
    """Send nothing more after the deadline, not even rows that are waiting for a slot."""
    import asyncio

    from piooy_cli.batch.row_state import deadline_error

    stack = ExitStack()
    if plan.until:
        loop = asyncio.get_running_loop()
        handle = loop.call_later(max(plan.until.left, 0), lambda: pipeline.close(deadline_error()))
        stack.callback(handle.cancel)
    return stack
