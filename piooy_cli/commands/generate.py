"""`piooy generate`: an order, and as much of the road behind it as is asked for."""

from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.commands import options
from piooy_cli.commands.orders import lyrics_of, order_of
from piooy_cli.commands.single import to_stdout
from piooy_cli.commands.tally import each
from piooy_cli.errors import StillRunning, UsageError
from piooy_cli.events import Saved, Settled, Submitted
from piooy_cli.models import Media, Order
from piooy_cli.session import Session

if TYPE_CHECKING:
    from piooy_cli.downloads import Saver, Wish
    from piooy_cli.models import SavedFile
    from piooy_cli.pipeline import Pipeline

_ASK_ABOVE = 10
_MUSIC, _REQUEST, _AFTER = "Music", "The request", "Afterwards"


def generate(
    ctx: typer.Context,
    media: Annotated[Media, typer.Argument(help="What to make.")],
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT", help="What it should show or sound like; `-`: from stdin."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", metavar="ID", help="Any model; `piooy models` lists known ones."
        ),
    ] = None,
    aspect_ratio: Annotated[
        str | None, typer.Option("--aspect-ratio", "-a", metavar="W:H", help="Such as 16:9.")
    ] = None,
    resolution: Annotated[
        str | None, typer.Option("--resolution", "-r", metavar="SIZE", help="Such as 2K or 1080p.")
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option(
            "--duration", parser=options.number, metavar="SECONDS", help="Length, as a number."
        ),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", "-i", metavar="URL", help="Reference image; repeatable."),
    ] = None,
    video: Annotated[
        list[str] | None,
        typer.Option(
            "--video", metavar="URL", rich_help_panel=_REQUEST, help="Reference video; repeatable."
        ),
    ] = None,
    inline: Annotated[
        bool,
        typer.Option(
            "--inline",
            rich_help_panel=_REQUEST,
            help="Send local files in the request, 10 MiB each at most.",
        ),
    ] = False,
    output: options.Output = None,
    on_exists: options.OnExists = options.ExistsChoice.RENAME,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the task to end.")
    ] = True,
    download: Annotated[
        bool, typer.Option("--download/--no-download", help="Save its files.")
    ] = True,
    count: Annotated[
        int,
        typer.Option(
            "--count", "-n", parser=options.positive, metavar="N", help="So many tasks of it."
        ),
    ] = 1,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    prompt_file: Annotated[
        str | None,
        typer.Option(
            "--prompt-file",
            "-f",
            metavar="FILE",
            rich_help_panel=_REQUEST,
            help="The prompt, from a file.",
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-O",
            metavar="KEY=VALUE",
            rich_help_panel=_REQUEST,
            help="Any option; KEY:=JSON for other than text.",
        ),
    ] = None,
    options_file: Annotated[
        str | None,
        typer.Option(
            "--options",
            metavar="FILE",
            rich_help_panel=_REQUEST,
            help="A JSON object of options; `-`: stdin.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            parser=options.whole,
            metavar="N",
            rich_help_panel=_REQUEST,
            help="For the same again.",
        ),
    ] = None,
    negative_prompt: Annotated[
        str | None,
        typer.Option(
            "--negative-prompt",
            metavar="TEXT",
            rich_help_panel=_REQUEST,
            help="What it should not show.",
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option("--title", rich_help_panel=_MUSIC, help="Its title.")
    ] = None,
    style: Annotated[
        str | None, typer.Option("--style", rich_help_panel=_MUSIC, help="Its style.")
    ] = None,
    lyrics: Annotated[
        str | None,
        typer.Option("--lyrics", metavar="TEXT", rich_help_panel=_MUSIC, help="Its words."),
    ] = None,
    lyrics_file: Annotated[
        str | None,
        typer.Option(
            "--lyrics-file", metavar="FILE", rich_help_panel=_MUSIC, help="Its words, from a file."
        ),
    ] = None,
    instrumental: Annotated[
        bool, typer.Option("--instrumental", rich_help_panel=_MUSIC, help="No voice.")
    ] = False,
    provider: Annotated[
        str | None,
        typer.Option(
            "--provider",
            metavar="ID",
            rich_help_panel=_REQUEST,
            help="Who makes it. Default: as the model's.",
        ),
    ] = None,
    scene: Annotated[
        str | None,
        typer.Option(
            "--scene",
            metavar="NAME",
            rich_help_panel=_REQUEST,
            help="Default: from media and references.",
        ),
    ] = None,
    covers: options.Covers = False,
    http_assets: options.HttpAssets = False,
    svg: options.Svg = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the request, send nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    open_: Annotated[
        bool, typer.Option("--open", rich_help_panel=_AFTER, help="Open the saved file.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", rich_help_panel=_AFTER, help="Draw it in the terminal.")
    ] = False,
) -> None:
    """Create an image, a video, music or a character from a prompt.

    \b
    Examples:
      piooy generate image -m nano-banana-pro "a red fox in the snow"
      piooy generate image -m seedream-4-5 -a 16:9 -r 2K -o art/ "dunes"
      piooy generate video -m veo-3-1 --duration 8 -i https://example.com/fox.png "it runs"
      piooy generate music -m suno-v5 --style noir --instrumental "rain"

    Each task is charged. A lost answer is never sent again: exit code 11.
    """
    session: Session = ctx.obj
    session.waits(interval, heartbeat, notify=notify)
    given = {
        "aspect_ratio": aspect_ratio, "resolution": resolution, "duration": duration, "seed": seed,
        "negative_prompt": negative_prompt, "title": title, "style": style,
        "lyrics": lyrics_of(lyrics, lyrics_file), "instrumental": instrumental or None,
    }  # fmt: skip
    order = order_of(
        session, media, prompt, prompt_file, model=model, provider=provider, scene=scene,
        images=image or [], videos=video or [], inline=inline, given=given, option=option or [],
        options_file=options_file,
    )  # fmt: skip
    if dry_run:
        from piooy_cli.api.wire import order_fields

        session.output.document(order_fields(order))
        return
    _consent(session, count, yes)
    if output == "-" and wait and download:
        session.run(_to_stdout, order, count, timeout, covers, http_assets)
        return
    wish = (
        session.wish(output, on_exists, covers=covers, http_assets=http_assets, svg=svg)
        if wait and download
        else None
    )
    results = (Saved,) if wish else (Settled,) if wait else (Submitted,)
    session.run(_generate, order, count, timeout, wait, wish, open_, preview, results=results)


def _consent(session: Session, count: int, yes: bool) -> None:
    """More than ten paid tasks at once want a person's word."""
    if count <= _ASK_ABOVE or yes:
        return
    if not session.interactive:
        raise UsageError(
            f"{count} tasks at once are charged {count} times", "--yes says that it is meant"
        )
    if not session.output.ask(f"Send {count} tasks? Each is charged."):
        raise StillRunning("declined; nothing was sent")


async def _generate(
    session: Session,
    order: Order,
    count: int,
    timeout: float | None,
    wait: bool,
    wish: "Wish | None",
    open_files: bool,
    preview: bool,
) -> None:
    if wish:
        from piooy_cli.files import ready

        ready(wish.target.directory)
    async with session.pipeline(timeout) as pipeline:
        saver = session.saver(wish) if wish else None

        async def one(_: int) -> None:
            for file in await pipeline.make(
                order, saver, wait=wait, covers=bool(wish and wish.covers)
            ):
                if preview:
                    session.output.preview(file.path)
                if open_files:
                    typer.launch(file.path)

        resume = wish.again if wish else ""
        await each(session, one, range(count), resume=resume)


async def _to_stdout(
    session: Session,
    order: Order,
    count: int,
    timeout: float | None,
    covers: bool,
    http_assets: bool,
) -> None:
    if count != 1:
        raise UsageError("--output - takes one task", "give --output a directory for several")

    async def fetch(pipeline: "Pipeline", saver: "Saver") -> "list[SavedFile]":
        return await pipeline.make(order, saver, wait=True, covers=covers)

    await to_stdout(session, fetch, timeout, covers=covers, http_assets=http_assets)
