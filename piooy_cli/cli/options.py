"""Options that mean the same everywhere, and how their words become values."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli.values import parse_duration, parse_heartbeat, positive_number

if TYPE_CHECKING:
    from piooy_cli.downloads.options import SaveOptions

WAITING, SAVING = "Waiting", "Saving"  # what options stand under in help


class ColorChoice(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class ExistsChoice(StrEnum):
    """What happens when a file's name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


BatchName = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="The batch's name. Default: of the file's place."),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency", "-j", parser=positive_number, metavar="N",
        help="So many tasks at once; fewer while the service says 429.",
    ),
]  # fmt: skip
Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary", metavar="KEY=VALUES", rich_help_panel="Sweeps",
        help="Each value: seed:=1..8, style=noir,anime, prompt=@FILE; repeatable.",
    ),
]  # fmt: skip
Zip = Annotated[
    bool,
    typer.Option("--zip", rich_help_panel="Sweeps", help="First with first, and so on."),
]
Refs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REF]...",
        help="Task ids, their beginnings, @last, @2, @pending, @failed, @unsaved, @batch:NAME;"
        " `-`: from stdin.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        parser=parse_duration,
        metavar="DURATION",
        help="How long to wait: 90, 90s, 10m, 2h.",
    ),
]
Interval = Annotated[
    float | None,
    typer.Option(
        "--interval", parser=parse_duration, metavar="DURATION",
        rich_help_panel=WAITING, help="Look this often. Default: as past runs suggest.",
    ),
]  # fmt: skip
Heartbeat = Annotated[
    float,
    typer.Option(
        "--heartbeat", parser=parse_heartbeat, metavar="DURATION|off", show_default="30s",
        rich_help_panel=WAITING, help="Off a terminal: a sign of life this often.",
    ),
]  # fmt: skip
Fields = Annotated[
    str | None,
    typer.Option("--fields", metavar="NAMES", help="Only these keys of the record: id,prompt."),
]
Notify = Annotated[
    bool, typer.Option("--notify", help="Notify when done.", rich_help_panel=WAITING)
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="A directory, or a name template. [env: PIOOY_OUTPUT]",
    ),
]
OnExistsOption = Annotated[
    ExistsChoice,
    typer.Option("--on-exists", rich_help_panel=SAVING, help="When a file's name is taken."),
]
Covers = Annotated[
    bool,
    typer.Option("--covers", rich_help_panel=SAVING, help="Save thumbnails and covers as well."),
]
Svg = Annotated[
    bool,
    typer.Option(
        "--allow-svg",
        rich_help_panel=SAVING,
        help="Save vector drawings, which can run scripts, as .svg.",
    ),
]
HttpAssets = Annotated[
    bool,
    typer.Option(
        "--allow-http-assets",
        rich_help_panel=SAVING,
        help="Fetch files from http addresses, in the open.",
    ),
]


def waiting_context(ctx: typer.Context) -> Context:
    """The context of this run, with the options of waiting that the command was given."""
    context: Context = ctx.obj
    names = ("interval", "heartbeat", "notify")
    context.configure(**{name: ctx.params[name] for name in names})
    return context


def save_options(ctx: typer.Context) -> "SaveOptions":
    """How files are to be saved, by the options of the command. Raises UsageError."""
    context: Context = ctx.obj
    given = ctx.params
    names = ("covers", "http_assets", "svg")
    flags = {name: given[name] for name in names if name in given}
    return context.save_options(given["output"], given["on_exists"], **flags)
