"""What a run of a batch came to: lines for a person, JSON for a program, metrics for Prometheus."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from piooy_cli.batch.counters import BatchCounters
from piooy_cli.files import disk_errors, replace_file

_HELP = {
    "rows": "Rows of the batch.",
    "rows_done": "Rows whose files are saved.",
    "rows_failed": "Rows that ended without files.",
    "rows_in_doubt": "Rows whose order may have been charged; a person has to decide.",
    "rows_open": "Rows that the next run goes on with.",
    "orders_sent": "Orders of the last run that were taken, and are charged.",
    "files_saved": "Files that the last run saved.",
    "bytes_saved": "Bytes that the last run saved.",
    "duration_seconds": "How long the last run took.",
    "exit_code": "How the last run ended.",
    "last_run_timestamp_seconds": "When the last run ended.",
}


def counts(tally: BatchCounters) -> dict[str, float]:
    """The numbers, by name."""
    return {
        "rows": tally.rows,
        "rows_done": tally.saved_before + tally.done,
        "rows_failed": tally.failed_before + tally.failed,
        "rows_in_doubt": tally.in_doubt,
        "rows_open": tally.open + tally.pending,
        "orders_sent": tally.sent,
        "files_saved": tally.files,
        "bytes_saved": tally.bytes,
        "duration_seconds": round(tally.elapsed, 3),
    }


def summary(tally: BatchCounters, code: int, results: Path) -> dict[str, Any]:
    """The whole as one object; keys are only ever added."""
    return {
        "batch": tally.name,
        "exit_code": code,
        "started_at": _time(tally.begun),
        "ended_at": _time(time.time()),
        **counts(tally),
        "reasons": dict(tally.reasons.most_common()),
        "closed": tally.closed.message if tally.closed else None,
        "results": str(results),
    }


def metrics(tally: BatchCounters, code: int) -> str:
    """In Prometheus' text format, for the textfile collector of its node exporter."""
    values = counts(tally) | {"exit_code": code, "last_run_timestamp_seconds": round(time.time())}
    label = tally.name.replace("\\", "\\\\").replace('"', '\\"')
    lines = []
    for name, value in values.items():
        lines += [f"# HELP piooy_batch_{name} {_HELP[name]}", f"# TYPE piooy_batch_{name} gauge"]
        lines.append(f'piooy_batch_{name}{{batch="{label}"}} {value:g}' if value < 1e6
                     else f'piooy_batch_{name}{{batch="{label}"}} {value:.0f}')  # fmt: skip
    return "\n".join(lines) + "\n"


def summary_lines(tally: BatchCounters, results: Path) -> list[str]:
    """For a person: what there is, what it cost, what went wrong."""
    n = counts(tally)
    words = [f"{n['rows_done']:,} of {tally.rows:,} rows done"]
    others = {"rows_failed": "failed", "rows_in_doubt": "in doubt", "rows_open": "open"}
    for name, word in others.items():
        words += [f"{n[name]:,} {word}"] if n[name] else []
    sent = f"{tally.sent:,} order{'' if tally.sent == 1 else 's'} sent"
    saved = f"{tally.files:,} file{'' if tally.files == 1 else 's'} saved"
    head = f"batch {tally.name}: {', '.join(words)}; {sent}, {saved} in {_duration(tally.elapsed)}"
    reasons = [f"  {count:,} × {reason}" for reason, count in tally.reasons.most_common(5)]
    closed = [f"  nothing more was sent: {tally.closed.message}"] if tally.closed else []
    return [head, *reasons, *closed, f"  results: {results}"]


def write_report(path: Path, text: str) -> None:
    """Replace the file, whole: whoever reads it never sees a half. Raises StorageRefused."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
