"""The options that say what a request asks for, as `generate` and `batch` have them."""

from typing import Annotated, Any

import typer

from piooy_cli.cli.values import parse_number, whole_number
from piooy_cli.domain.models import MediaType
from piooy_cli.requests.builder import RequestSpec
from piooy_cli.requests.cli_input import collect_options, read_lyrics

_MUSIC, REQUEST = "Music", "The request"
# Options of the command line that are options of the request under the same name.
_NAMED = (
    "aspect_ratio", "resolution", "duration", "seed", "negative_prompt", "title", "style",
)  # fmt: skip

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="ID", help="Any model; `piooy models` lists known ones."),
]
AspectRatio = Annotated[
    str | None, typer.Option("--aspect-ratio", "-a", metavar="W:H", help="Such as 16:9.")
]
Resolution = Annotated[
    str | None, typer.Option("--resolution", "-r", metavar="SIZE", help="Such as 2K or 1080p.")
]
Duration = Annotated[
    float | None,
    typer.Option("--duration", parser=parse_number, metavar="SECONDS", help="Length, as a number."),
]
Image = Annotated[
    list[str] | None,
    typer.Option("--image", "-i", metavar="URL", help="Reference image; repeatable."),
]
Video = Annotated[
    list[str] | None,
    typer.Option(
        "--video", metavar="URL", rich_help_panel=REQUEST, help="Reference video; repeatable."
    ),
]
Inline = Annotated[
    bool,
    typer.Option(
        "--inline",
        rich_help_panel=REQUEST,
        help="Send local files in the request, 10 MiB each at most.",
    ),
]
Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-O",
        metavar="KEY=VALUE",
        rich_help_panel=REQUEST,
        help="Any option; KEY:=JSON for other than text.",
    ),
]
OptionsFile = Annotated[
    str | None,
    typer.Option(
        "--options",
        metavar="FILE",
        rich_help_panel=REQUEST,
        help="A JSON object of options; `-`: stdin.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        parser=whole_number,
        metavar="N",
        rich_help_panel=REQUEST,
        help="For the same again.",
    ),
]
NegativePrompt = Annotated[
    str | None,
    typer.Option(
        "--negative-prompt",
        metavar="TEXT",
        rich_help_panel=REQUEST,
        help="What it should not show.",
    ),
]
Title = Annotated[str | None, typer.Option("--title", rich_help_panel=_MUSIC, help="Its title.")]
Style = Annotated[str | None, typer.Option("--style", rich_help_panel=_MUSIC, help="Its style.")]
Lyrics = Annotated[
    str | None,
    typer.Option("--lyrics", metavar="TEXT", rich_help_panel=_MUSIC, help="Its words."),
]
LyricsFile = Annotated[
    str | None,
    typer.Option(
        "--lyrics-file", metavar="FILE", rich_help_panel=_MUSIC, help="Its words, from a file."
    ),
]
Instrumental = Annotated[
    bool, typer.Option("--instrumental", rich_help_panel=_MUSIC, help="No voice.")
]
Provider = Annotated[
    str | None,
    typer.Option(
        "--provider",
        metavar="ID",
        rich_help_panel=REQUEST,
        help="Who makes it. Default: as the model's.",
    ),
]
Scene = Annotated[
    str | None,
    typer.Option(
        "--scene",
        metavar="NAME",
        rich_help_panel=REQUEST,
        help="Default: from media and references.",
    ),
]


def request_spec(ctx: typer.Context, media: MediaType | None) -> RequestSpec:
    """What the options of the command ask for, without a prompt. Raises UsageError."""
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
    )
