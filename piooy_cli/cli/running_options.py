"""Options of commands that run many rows: limits, the lock, and reports."""

from typing import Annotated

import typer

from piooy_cli.cli.options import parse_duration_or_zero, parse_moment, positive_number

RUN, _REPORT = "Run", "Reports"  # what options stand under in help

MaxTasks = Annotated[
    int | None,
    typer.Option(
        "--max-tasks", parser=positive_number, metavar="N", rich_help_panel=RUN,
        help="Maximum orders across all runs of this batch.",
    ),
]  # fmt: skip
MaxFailures = Annotated[
    int | None,
    typer.Option(
        "--max-failures", parser=positive_number, metavar="N", rich_help_panel=RUN,
        help="Stop sending after N failed rows.",
    ),
]  # fmt: skip
DeadlineOption = Annotated[
    float | None,
    typer.Option(
        "--deadline", parser=parse_moment, metavar="TIME", rich_help_panel=RUN,
        help="Stop at a time, such as 06:00, or after 2h.",
    ),
]  # fmt: skip
LockWait = Annotated[
    float,
    typer.Option(
        "--lock-wait", parser=parse_duration_or_zero, metavar="DURATION", show_default="0",
        rich_help_panel=RUN, help="How long to wait for another run to release the lock.",
    ),
]  # fmt: skip
Results = Annotated[
    str | None,
    typer.Option(
        "--results", metavar="FILE", rich_help_panel=_REPORT,
        help="Results file, a line per row (default: results.jsonl beside the files).",
    ),
]  # fmt: skip
Summary = Annotated[
    str | None,
    typer.Option(
        "--summary", metavar="FILE", rich_help_panel=_REPORT,
        help="Write a JSON summary of the run.",
    ),
]  # fmt: skip
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics", metavar="FILE", rich_help_panel=_REPORT,
        help="Write metrics for Prometheus' textfile collector.",
    ),
]  # fmt: skip
