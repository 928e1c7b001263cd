"""The options of `history` that choose which orders to list."""

from typing import Annotated

import typer

from piooy_cli.cli.options import parse_duration, positive_number
from piooy_cli.domain.models import MediaType

Status = Annotated[
    str | None, typer.Option("--status", metavar="WORD", help="Only this status, such as FAILED.")
]
Model = Annotated[str | None, typer.Option("--model", "-m", metavar="ID", help="Only this model.")]
Media = Annotated[MediaType | None, typer.Option("--media", help="Only this media type.")]
Since = Annotated[
    float | None,
    typer.Option(
        "--since",
        parser=parse_duration,
        metavar="AGE",
        help="Only orders newer than this, such as 2d or 12h.",
    ),
]
Search = Annotated[
    str | None, typer.Option("--search", metavar="TEXT", help="Search prompts, models and ids.")
]
Unsaved = Annotated[
    bool, typer.Option("--unsaved", help="Only tasks that succeeded and have unsaved files.")
]
Unknown = Annotated[
    bool, typer.Option("--unknown", help="Only orders in doubt, which you need to resolve.")
]
Short = Annotated[
    bool, typer.Option("--short", help="Only tasks with a file that is not as ordered.")
]
Batch = Annotated[str | None, typer.Option("--batch", metavar="NAME", help="Only this batch.")]
Tag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag", metavar="KEY[=VALUE]", help="Only orders with this tag; all have to match."
    ),
]
Limit = Annotated[
    int,
    typer.Option(
        "--limit", "-n", parser=positive_number, metavar="N", help="Maximum number to list."
    ),
]
