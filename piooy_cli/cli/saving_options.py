"""Options of commands that save files: where, under which name, and from which hosts."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import UsageError

if TYPE_CHECKING:
    from piooy_cli.config.project import Preset
    from piooy_cli.downloads.options import SaveOptions

SAVING = "Saving"  # what options stand under in help
_FLAGS = ("covers", "svg", "row_paths", "private", "strict", "deep")


class ExistsChoice(StrEnum):
    """What to do when the file name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


class MetadataChoice(StrEnum):
    """Where the recipe of a file goes."""

    EMBED = "embed"
    SIDECAR = "sidecar"
    NONE = "none"


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
PrivateAssets = Annotated[
    bool,
    typer.Option(
        "--allow-private-assets",
        rich_help_panel=SAVING,
        help="Allow downloads from inside your network. [env: PIOOY_ALLOW_PRIVATE_ASSETS]",
    ),
]
Metadata = Annotated[
    MetadataChoice | None,
    typer.Option(
        "--metadata",
        rich_help_panel=SAVING,
        help="Where the recipe goes: into the file, beside it, nowhere. [env: PIOOY_METADATA]",
    ),
]
Private = Annotated[
    bool,
    typer.Option(
        "--private", rich_help_panel=SAVING, help="Leave prompt and options out of the recipe."
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        rich_help_panel=SAVING,
        help="Exit with code 12 if a file is not as ordered; it is kept.",
    ),
]
Deep = Annotated[
    bool,
    typer.Option(
        "--deep",
        rich_help_panel=SAVING,
        help="Also look for black videos and silent sound; needs ffmpeg.",
    ),
]
RowPaths = Annotated[
    bool,
    typer.Option(
        "--allow-row-paths",
        rich_help_panel=SAVING,
        help="Allow rows to save and read files anywhere.",
    ),
]


def save_options(
    ctx: typer.Context, *, stdout: bool = False, preset: "Preset | None" = None
) -> "SaveOptions":
    """Return how to save files, from the options of the command. Raises UsageError.

    `stdout`: the command itself handles `--output -`. `preset`: where to save without --output.
    """
    from piooy_cli.config.urls import AssetHosts
    from piooy_cli.downloads.naming import is_stdout
    from piooy_cli.downloads.options import MetadataMode

    context: Context = ctx.obj
    given = ctx.params
    flags: dict[str, Any] = {name: given[name] for name in _FLAGS if name in given}
    asked = given.get("metadata")
    flags["metadata"] = MetadataMode(asked or context.settings.metadata)
    flags["metadata_given"] = asked is not None
    if given.get("deep"):
        from piooy_cli.tasks.watched import require_ffmpeg

        require_ffmpeg()
    private = given["private_assets"] or context.settings.allow_private_assets
    hosts = AssetHosts(given["http_assets"], private)
    output = "." if stdout and is_stdout(given["output"]) else given["output"]
    place = preset.text("output") if preset and output is None else ""
    below = bool(place and preset and preset.in_project)
    chosen = "." if below else place or output
    save = context.save_options(chosen, given["on_exists"], hosts=hosts, **flags)
    return _in_project(save, place) if below else save


def refuse_without_files(ctx: typer.Context, why: str) -> None:
    """Raise UsageError for an option about files, where none are saved."""
    for name in ("strict", "deep"):
        if ctx.params[name]:
            raise UsageError(f"--{name} {why}")


def _in_project(here: "SaveOptions", place: str) -> "SaveOptions":
    """Return where a project's preset saves: below the working directory."""
    below = replace(here, row_paths=False).at(place, "--output permits other places")
    return replace(below, row_paths=here.row_paths)
