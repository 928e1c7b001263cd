"""The options of `generate` and `batch` that make up a request."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli.options import parse_number, whole_number
from piooy_cli.domain.models import MediaType

if TYPE_CHECKING:
    from piooy_cli.config.project import Preset as ChosenPreset
    from piooy_cli.requests.builder import RequestSpec

_MUSIC, REQUEST = "Music", "Request"
# Options of the command line that are options of the request under the same name.
_NAMED = (
    "aspect_ratio", "resolution", "duration", "seed", "negative_prompt", "title", "style",
)  # fmt: skip

Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        rich_help_panel=REQUEST,
        help="Fill gaps from a preset; `piooy presets` lists them.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="ID", help="Model id; `piooy models` lists known ones."),
]
AspectRatio = Annotated[
    str | None,
    typer.Option("--aspect-ratio", "-a", metavar="W:H", help="Aspect ratio, such as 16:9."),
]
Resolution = Annotated[
    str | None,
    typer.Option("--resolution", "-r", metavar="SIZE", help="Resolution, such as 2K or 1080p."),
]
Duration = Annotated[
    float | None,
    typer.Option("--duration", parser=parse_number, metavar="SECONDS", help="Length in seconds."),
]
Image = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        "-i",
        metavar="REF",
        help="Reference image: a URL, task, or saved file; repeatable.",
    ),
]
Video = Annotated[
    list[str] | None,
    typer.Option(
        "--video",
        metavar="REF",
        rich_help_panel=REQUEST,
        help="Reference video: a URL, task, or saved file; repeatable.",
    ),
]
Inline = Annotated[
    bool,
    typer.Option(
        "--inline",
        rich_help_panel=REQUEST,
        help="Send local files inside the request, up to 10 MiB each.",
    ),
]
Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-O",
        metavar="KEY=VALUE",
        rich_help_panel=REQUEST,
        help="Set any option; KEY:=JSON sets a number, list or boolean.",
    ),
]
OptionsFile = Annotated[
    str | None,
    typer.Option(
        "--options",
        metavar="FILE",
        rich_help_panel=REQUEST,
        help="Read options from a JSON file; `-` reads stdin.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        parser=whole_number,
        metavar="N",
        rich_help_panel=REQUEST,
        help="Seed, for reproducible results.",
    ),
]
NegativePrompt = Annotated[
    str | None,
    typer.Option(
        "--negative-prompt",
        metavar="TEXT",
        rich_help_panel=REQUEST,
        help="What to avoid.",
    ),
]
Title = Annotated[str | None, typer.Option("--title", rich_help_panel=_MUSIC, help="Title.")]
Style = Annotated[str | None, typer.Option("--style", rich_help_panel=_MUSIC, help="Style.")]
Lyrics = Annotated[
    str | None,
    typer.Option("--lyrics", metavar="TEXT", rich_help_panel=_MUSIC, help="Lyrics."),
]
LyricsFile = Annotated[
    str | None,
    typer.Option(
        "--lyrics-file", metavar="FILE", rich_help_panel=_MUSIC, help="Read the lyrics from a file."
    ),
]
Instrumental = Annotated[
    bool, typer.Option("--instrumental", rich_help_panel=_MUSIC, help="Instrumental only.")
]
Provider = Annotated[
    str | None,
    typer.Option(
        "--provider",
        metavar="ID",
        rich_help_panel=REQUEST,
        help="Provider (default: the model's own).",
    ),
]
Scene = Annotated[
    str | None,
    typer.Option(
        "--scene",
        metavar="NAME",
        rich_help_panel=REQUEST,
        help="Scene (default: from media type and references).",
    ),
]

Tag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="KEY=VALUE",
        help="Tag of your own, such as client=acme; not sent; repeatable.",
    ),
]


def request_spec(ctx: typer.Context, media: MediaType | None) -> "RequestSpec":
    """Return the request that the command's options describe. Raises UsageError."""
    from piooy_cli.domain.tags import tags_of
    from piooy_cli.requests.builder import RequestSpec
    from piooy_cli.requests.cli_input import collect_options, read_lyrics

    given: dict[str, Any] = ctx.params
    lyrics = read_lyrics(given["lyrics"], given["lyrics_file"])
    named = {name: given[name] for name in _NAMED}
    named |= {"lyrics": lyrics, "instrumental": given["instrumental"] or None}
    return RequestSpec(
        media=media,
        model=given["model"],
        provider=given["provider"],
        scene=given["scene"],
        images=tuple(given["image"] or ()),
        videos=tuple(given["video"] or ()),
        options=collect_options(given["options_file"], given["option"], named),
        tags=tags_of(given["tag"] or ()),
    )


def chosen_preset(ctx: typer.Context, media: MediaType | None) -> "ChosenPreset | None":
    """Return the preset that the command names, checked. Raises UsageError."""
    name: str | None = ctx.params["preset"]
    if name is None:
        return None
    from piooy_cli.requests.presets import check_media, find_preset

    context: Context = ctx.obj
    preset = find_preset(name, context.directories.config_file)
    check_media(preset, media)
    return preset


def over_preset(given: "RequestSpec", preset: "ChosenPreset | None") -> "RequestSpec":
    """Return the request with gaps filled from a preset; the prompt may have a gap of its own."""
    if preset is None:
        return given
    from piooy_cli.requests.presets import preset_spec

    return given.over(preset_spec(preset))
