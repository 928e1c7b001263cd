"""Reports on a run of a batch: lines for people, JSON for programs, metrics for Prometheus."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from piooy_cli.batch.counters import BatchCounters
from piooy_cli.files.errors import disk_errors
from piooy_cli.files.writing import replacing, write_stream

_HELP = {
    "rows": "Rows of the batch.",
    "rows_done": "Rows whose files are saved.",
    "rows_failed": "Rows that ended without files.",
    "rows_in_doubt": "Rows whose order may have been charged; the user has to resolve them.",
    "rows_open": "Rows that the next run continues with.",
    "orders_sent": "Orders of the last run that were accepted, and are charged.",
    "files_saved": "Files that the last run saved.",
    "bytes_saved": "Bytes that the last run saved.",
    "duration_seconds": "How long the last run took.",
    "exit_code": "How the last run ended.",
    "last_run_timestamp_seconds": "When the last run ended.",
}


def counts(counters: BatchCounters) -> dict[str, float]:
    """Return the counts by name."""
    return {
        "rows": counters.rows,
        "rows_done": counters.saved_before + counters.done,
        "rows_failed": counters.failed_before + counters.failed,
        "rows_in_doubt": counters.in_doubt,
        "rows_open": counters.open + counters.pending,
        "orders_sent": counters.sent,
        "files_saved": counters.files,
        "bytes_saved": counters.bytes,
        "duration_seconds": round(counters.elapsed, 3),
    }


def summary(counters: BatchCounters, code: int, results: Path) -> dict[str, Any]:
    """Return the summary as one object; keys are only ever added."""
    return {
        "batch": counters.name,
        "exit_code": code,
        "started_at": _time(counters.begun),
        "ended_at": _time(time.time()),
        **counts(counters),
        "reasons": dict(counters.reasons.most_common()),
        "closed": counters.closed.message if counters.closed else None,
        "results": str(results),
    }


def metrics(counters: BatchCounters, code: int) -> str:
    """Return metrics in Prometheus' text format, for the node exporter's textfile collector."""
    values = counts(counters) | {
        "exit_code": code,
        "last_run_timestamp_seconds": round(time.time()),
    }
    label = counters.name.replace("\\", "\\\\").replace('"', '\\"')
    lines = []
    for name, value in values.items():
        lines += [f"# HELP piooy_batch_{name} {_HELP[name]}", f"# TYPE piooy_batch_{name} gauge"]
        lines.append(f'piooy_batch_{name}{{batch="{label}"}} {value:g}' if value < 1e6
                     else f'piooy_batch_{name}{{batch="{label}"}} {value:.0f}')  # fmt: skip
    return "\n".join(lines) + "\n"


def summary_lines(counters: BatchCounters, results: Path) -> list[str]:
    """Return the summary as lines for people."""
    n = counts(counters)
    words = [f"{n['rows_done']:,} of {counters.rows:,} rows done"]
    others = {"rows_failed": "failed", "rows_in_doubt": "in doubt", "rows_open": "open"}
    for name, word in others.items():
        words += [f"{n[name]:,} {word}"] if n[name] else []
    sent = f"{counters.sent:,} order{'' if counters.sent == 1 else 's'} sent"
    saved = f"{counters.files:,} file{'' if counters.files == 1 else 's'} saved"
    took = _duration(counters.elapsed)
    head = f"batch {counters.name}: {', '.join(words)}; {sent}, {saved} in {took}"
    reasons = [f"  {count:,} × {reason}" for reason, count in counters.reasons.most_common(5)]
    closed = [f"  nothing more was sent: {counters.closed.message}"] if counters.closed else []
    return [head, *reasons, *closed, f"  results: {results}"]


def write_report(path: Path, text: str) -> None:
    """Replace the file as a whole, or write to a pipe or device. Raises StorageRefused.

    Readers of a file never see half of it; if it is a link, the file behind it is replaced.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            write_stream(path, text.encode("utf-8"))
        else:
            with replacing(path) as file:
                file.write(text.encode("utf-8"))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
