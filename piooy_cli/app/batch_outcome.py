"""What a batch came to: an exit code and the next command, lines for a person, reports in files."""

from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import PiooyError, SomeFailed
from piooy_cli.domain.hints import RESOLUTIONS, Hint, Hints

if TYPE_CHECKING:
    from piooy_cli.app.batch_options import BatchOptions
    from piooy_cli.batch.counters import BatchCounters


def final_error(counters: "BatchCounters", again: str) -> PiooyError | None:
    """What the whole ends with; None where every row that was asked for is done."""
    if not counters.code:
        return None
    parts = [(counters.failed_before + counters.failed, "failed"), (counters.in_doubt, "in doubt"),
             (counters.pending + counters.open, "open")]  # fmt: skip
    counted = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    why = f"; {counters.closed.message}" if counters.closed else ""
    message = f"batch {counters.name}: of {counters.rows:,} rows {counted}{why}"
    return SomeFailed(message, counters.code, _hint(counters, again))


def _hint(counters: "BatchCounters", again: str) -> Hints:
    """The next command, by what matters most."""
    if counters.in_doubt:
        return [
            Hint(
                "history", ("--unknown", "--batch", counters.name), "to list what is in doubt: {}"
            ),
            Hint("history resolve", ("@row:N",), "to settle it: {}", RESOLUTIONS),
        ]
    if counters.pending or counters.open:
        return [*(counters.closed.hints if counters.closed else []), again]
    return "--only failed sends what failed once more, each charged again"


def summarize(
    context: Context, counters: "BatchCounters", error: PiooyError | None, options: "BatchOptions"
) -> None:
    """For a person on stderr; for programs where they were promised it."""
    import json

    from piooy_cli.batch import report as written
    from piooy_cli.files import expanded

    code = error.code if error else 0
    for line in written.summary_lines(counters, options.results_path):
        context.output.note(line)
    if options.summary:
        record = written.summary(counters, code, options.results_path)
        written.write_report(
            expanded(options.summary), json.dumps(record, ensure_ascii=False) + "\n"
        )
    if options.metrics:
        written.write_report(expanded(options.metrics), written.metrics(counters, code))
