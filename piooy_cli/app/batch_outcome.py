"""What a batch came to: an exit code and the next command, lines for a person, reports in files."""

from typing import TYPE_CHECKING

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import PiooyError, SomeFailed
from piooy_cli.domain.hints import RESOLUTIONS, Hint, Hints

if TYPE_CHECKING:
    from piooy_cli.app.batch_request import BatchOptions
    from piooy_cli.batch.counters import BatchCounters


def final_error(tally: "BatchCounters", again: str) -> PiooyError | None:
    """What the whole ends with; None where every row that was wanted is done."""
    if not tally.code:
        return None
    parts = [(tally.failed_before + tally.failed, "failed"), (tally.in_doubt, "in doubt"),
             (tally.pending + tally.open, "open")]  # fmt: skip
    told = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    why = f"; {tally.closed.message}" if tally.closed else ""
    message = f"batch {tally.name}: of {tally.rows:,} rows {told}{why}"
    return SomeFailed(message, tally.code, _hint(tally, again))


def _hint(tally: "BatchCounters", again: str) -> Hints:
    """The next command, by what matters most."""
    if tally.in_doubt:
        return [
            Hint("history", ("--unknown", "--batch", tally.name), "to list what is in doubt: {}"),
            Hint("history resolve", ("@row:N",), "to settle it: {}", RESOLUTIONS),
        ]
    if tally.pending or tally.open:
        return [*(tally.closed.hints if tally.closed else []), again]
    return "--only failed sends what failed once more, each charged again"


def summarize(
    context: Context, tally: "BatchCounters", error: PiooyError | None, wanted: "BatchOptions"
) -> None:
    """For a person on stderr; for programs where they were promised it."""
    import json

    from piooy_cli.batch import report as written
    from piooy_cli.files import expanded

    code = error.code if error else 0
    for line in written.summary_lines(tally, wanted.results_path):
        context.output.note(line)
    if wanted.summary:
        record = written.summary(tally, code, wanted.results_path)
        written.write_report(
            expanded(wanted.summary), json.dumps(record, ensure_ascii=False) + "\n"
        )
    if wanted.metrics:
        written.write_report(expanded(wanted.metrics), written.metrics(tally, code))
