"""`piooy generate`: an order, and as much of the road behind it as is asked for."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.asking import Asked, Asking
from piooy_cli.commands import options, request
from piooy_cli.commands.consent import consent
from piooy_cli.commands.orders import lyrics_of, options_of, prompt_of
from piooy_cli.commands.single import to_stdout
from piooy_cli.commands.tally import each
from piooy_cli.errors import UsageError
from piooy_cli.events import Saved, Settled, Submitted
from piooy_cli.models import Media, Order
from piooy_cli.session import Session

if TYPE_CHECKING:
    from piooy_cli.downloads import Saver, Wish
    from piooy_cli.models import SavedFile
    from piooy_cli.pipeline import Pipeline

_AFTER = "Afterwards"


def generate(
    ctx: typer.Context,
    media: Annotated[Media, typer.Argument(help="What to make.")],
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT", help="What it should show or sound like; `-`: from stdin."
        ),
    ] = None,
    model: request.Model = None,
    aspect_ratio: request.AspectRatio = None,
    resolution: request.Resolution = None,
    duration: request.Duration = None,
    image: request.Image = None,
    video: request.Video = None,
    inline: request.Inline = False,
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
    vary: options.Vary = None,
    zip_: options.Zip = False,
    name: options.BatchName = None,
    concurrency: options.Concurrency = 4,
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
            rich_help_panel=request.REQUEST,
            help="The prompt, from a file.",
        ),
    ] = None,
    option: request.Option = None,
    options_file: request.OptionsFile = None,
    seed: request.Seed = None,
    negative_prompt: request.NegativePrompt = None,
    title: request.Title = None,
    style: request.Style = None,
    lyrics: request.Lyrics = None,
    lyrics_file: request.LyricsFile = None,
    instrumental: request.Instrumental = False,
    provider: request.Provider = None,
    scene: request.Scene = None,
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

    --vary makes a task for each value, does not pay twice for one, and ends with a contact sheet.
    Each task is charged. A lost answer is never sent again: exit code 11.
    """
    session: Session = ctx.obj
    session.waits(interval, heartbeat, notify=notify)
    given = {
        "aspect_ratio": aspect_ratio, "resolution": resolution, "duration": duration, "seed": seed,
        "negative_prompt": negative_prompt, "title": title, "style": style,
        "lyrics": lyrics_of(lyrics, lyrics_file), "instrumental": instrumental or None,
    }  # fmt: skip
    asking = Asking(session.settings, session.catalogue, inline=inline)
    chosen = options_of(options_file, option, given)
    references = (tuple(image or ()), tuple(video or ()))
    asked = Asked(media, model, provider, scene, "", *references, chosen)
    words = partial(prompt_of, prompt, prompt_file, options_from_stdin=options_file == "-")
    if vary or zip_:
        from piooy_cli.commands.sweeping import Sweep, refuse_together, sweep

        refuse_together(
            count=count != 1, no_wait=not wait, no_download=not download, open=open_,
            preview=preview,
        )  # fmt: skip
        place = session.wish(output, on_exists, covers=covers, http_assets=http_assets, svg=svg)
        cells = Sweep(asking, asked, vary or [], zip_, name, concurrency)
        sweep(session, cells, words, place, timeout=timeout, dry_run=dry_run, yes=yes)
        return
    text = words(supplied=asking.has_input(asked))
    order = asking.order(asked._replace(prompt=text))
    if dry_run:
        from piooy_cli.api.wire import order_fields

        session.output.document(order_fields(order))
        return
    consent(session, count, yes)
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
