"""The outcome of a batch: its exit code, the next command, and reports."""

from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import PiooyError, SomeFailed
from piooy_cli.domain.hints import RESOLUTIONS, Hint, Hints

if TYPE_CHECKING:
    from piooy_cli.app.batch_options import BatchOptions
    from piooy_cli.batch.counters import BatchCounters


def final_error(counters: "BatchCounters", again: str) -> PiooyError | None:
    """Return the error that the run ends with; None if every row is done."""
    if not counters.code:
        return None
    parts = [(counters.failed_before + counters.failed, "failed"), (counters.in_doubt, "in doubt"),
             (counters.pending + counters.open, "open"),
             (counters.short, "not as ordered")]  # fmt: skip
    counted = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    why = f"; {counters.closed.message}" if counters.closed else ""
    message = f"batch {counters.name}: of {counters.rows:,} rows {counted}{why}"
    return SomeFailed(message, counters.code, _hint(counters, again))


def _hint(counters: "BatchCounters", again: str) -> Hints:
    """Return the next commands, the most important first."""
    if counters.in_doubt:
        return [
            Hint(
                "history",
                ("--unknown", "--batch", counters.name),
                "to list the orders in doubt: {}",
            ),
            Hint("history resolve", ("@row:N",), "to resolve it: {}", RESOLUTIONS),
        ]
    if counters.pending or counters.open:
        return [*(counters.closed.hints if counters.closed else []), again]
    if counters.short and not counters.failed + counters.failed_before:
        return Hint("history", ("--short", "--batch", counters.name), "to list them: {}")
    return "to resend failed rows, each charged again: --only failed"


def summarize(
    context: Context, counters: "BatchCounters", error: PiooyError | None, options: "BatchOptions"
) -> None:
    """Write the summary to stderr, and the reports to the files that were asked for."""
    from piooy_cli.batch import report as written
    from piooy_cli.domain.escaping import spaced_json
    from piooy_cli.files.reading import expanded

    code = error.code if error else 0
    for line in written.summary_lines(counters, options.results_path):
        context.output.note(line)
    if options.summary:
        record = written.summary(counters, code, options.results_path)
        written.write_report(expanded(options.summary), spaced_json(record) + "\n")
    if options.metrics:
        written.write_report(expanded(options.metrics), written.metrics(counters, code))
