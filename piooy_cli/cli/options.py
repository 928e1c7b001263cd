"""Options that several commands share, and how their values are parsed."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli.values import parse_duration, parse_heartbeat, positive_number

if TYPE_CHECKING:
    from piooy_cli.downloads.options import SaveOptions

WAITING, SAVING = "Waiting", "Saving"  # what options stand under in help


class ColorChoice(StrEnum):
    """When to use color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class ExistsChoice(StrEnum):
    """What to do when the file name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


BatchName = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="Name of the batch (default: from the file's path)."
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", "-j", parser=positive_number, metavar="N",
        help="Maximum tasks at once; reduced while the service responds with 429.",
    ),
]  # fmt: skip
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary", metavar="KEY=VALUES", rich_help_panel="Sweeps",
        help="Create a task for each value: seed:=1..8, style=noir,anime, prompt=@FILE;"
            " repeatable.",
    ),
]  # fmt: skip
Zip = Annotated[
    bool,
    typer.Option(
        "--zip", rich_help_panel="Sweeps", help="Pair values by position instead of combining them."
    ),
]
Refs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REF]...",
        help="Task ids or prefixes, @last, @2, @pending, @failed, @unsaved, @batch:NAME;"
        " `-` reads stdin.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        parser=parse_duration,
        metavar="DURATION",
        help="Stop waiting after this long: 90, 90s, 10m, 2h.",
    ),
]
Interval = Annotated[
    float | None,
    typer.Option(
        "--interval", parser=parse_duration, metavar="DURATION",
        rich_help_panel=WAITING, help="Polling interval (default: adapted to past runs).",
    ),
]  # fmt: skip
Heartbeat = Annotated[
    float,
    typer.Option(
        "--heartbeat", parser=parse_heartbeat, metavar="DURATION|off", show_default="30s",
        rich_help_panel=WAITING, help="Progress line interval when stderr is not a terminal.",
    ),
]  # fmt: skip
Fields = Annotated[
    str | None,
    typer.Option("--fields", metavar="NAMES", help="Print only these fields, such as id,prompt."),
]
Notify = Annotated[
    bool,
    typer.Option(
        "--notify", help="Send a desktop notification when done.", rich_help_panel=WAITING
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="Directory or name template for files. [env: PIOOY_OUTPUT]",
    ),
]
OnExistsOption = Annotated[
    ExistsChoice,
    typer.Option(
        "--on-exists", rich_help_panel=SAVING, help="What to do when the file name is taken."
    ),
]
Covers = Annotated[
    bool,
    typer.Option(
        "--covers", rich_help_panel=SAVING, help="Download thumbnails and covers as well."
    ),
]
Svg = Annotated[
    bool,
    typer.Option(
        "--allow-svg",
        rich_help_panel=SAVING,
        help="Allow .svg files, which can contain scripts.",
    ),
]
HttpAssets = Annotated[
    bool,
    typer.Option(
        "--allow-http-assets",
        rich_help_panel=SAVING,
        help="Allow downloads over unencrypted HTTP.",
    ),
]


def waiting_context(ctx: typer.Context) -> Context:
    """Return the context of this run, with the command's options for waiting."""
    context: Context = ctx.obj
    names = ("interval", "heartbeat", "notify")
    context.configure(**{name: ctx.params[name] for name in names})
    return context


def save_options(ctx: typer.Context) -> "SaveOptions":
    """Return how to save files, from the options of the command. Raises UsageError."""
    context: Context = ctx.obj
    given = ctx.params
    names = ("covers", "http_assets", "svg")
    flags = {name: given[name] for name in names if name in given}
    return context.save_options(given["output"], given["on_exists"], **flags)
