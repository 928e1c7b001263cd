"""`piooy generate`: an order, and as much of the road behind it as is asked for."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.confirm import confirm_charges
from piooy_cli.app.context import Context
from piooy_cli.app.run_many import run_many
from piooy_cli.app.to_stdout import to_stdout
from piooy_cli.cli import options, request_options
from piooy_cli.cli.values import positive_number
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.events import Saved, Settled, Submitted
from piooy_cli.domain.models import MediaType, Order
from piooy_cli.requests.builder import RequestBuilder, RequestSpec
from piooy_cli.requests.cli_input import collect_options, read_lyrics, read_prompt

if TYPE_CHECKING:
    from piooy_cli.domain.models import SavedFile
    from piooy_cli.downloads.saver import SaveOptions, Saver
    from piooy_cli.tasks.pipeline import Pipeline

_AFTER = "Afterwards"


def generate(
    ctx: typer.Context,
    media: Annotated[MediaType, typer.Argument(help="What to make.")],
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT", help="What it should show or sound like; `-`: from stdin."
        ),
    ] = None,
    model: request_options.Model = None,
    aspect_ratio: request_options.AspectRatio = None,
    resolution: request_options.Resolution = None,
    duration: request_options.Duration = None,
    image: request_options.Image = None,
    video: request_options.Video = None,
    inline: request_options.Inline = False,
    output: options.OutputOption = None,
    on_exists: options.OnExistsOption = options.ExistsChoice.RENAME,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the task to end.")
    ] = True,
    download: Annotated[
        bool, typer.Option("--download/--no-download", help="Save its files.")
    ] = True,
    count: Annotated[
        int,
        typer.Option(
            "--count", "-n", parser=positive_number, metavar="N", help="So many tasks of it."
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
            rich_help_panel=request_options.REQUEST,
            help="The prompt, from a file.",
        ),
    ] = None,
    option: request_options.Option = None,
    options_file: request_options.OptionsFile = None,
    seed: request_options.Seed = None,
    negative_prompt: request_options.NegativePrompt = None,
    title: request_options.Title = None,
    style: request_options.Style = None,
    lyrics: request_options.Lyrics = None,
    lyrics_file: request_options.LyricsFile = None,
    instrumental: request_options.Instrumental = False,
    provider: request_options.Provider = None,
    scene: request_options.Scene = None,
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
    context: Context = ctx.obj
    context.waits(interval, heartbeat, notify=notify)
    given = {
        "aspect_ratio": aspect_ratio, "resolution": resolution, "duration": duration, "seed": seed,
        "negative_prompt": negative_prompt, "title": title, "style": style,
        "lyrics": read_lyrics(lyrics, lyrics_file), "instrumental": instrumental or None,
    }  # fmt: skip
    asking = RequestBuilder(context.settings, context.catalogue, inline=inline)
    chosen = collect_options(options_file, option, given)
    references = (tuple(image or ()), tuple(video or ()))
    asked = RequestSpec(media, model, provider, scene, "", *references, chosen)
    words = partial(read_prompt, prompt, prompt_file, options_from_stdin=options_file == "-")
    if vary or zip_:
        from piooy_cli.app.sweep_run import SweepOptions, refuse_together, run_sweep

        refuse_together(
            count=count != 1, no_wait=not wait, no_download=not download, open=open_,
            preview=preview,
        )  # fmt: skip
        place = context.wish(output, on_exists, covers=covers, http_assets=http_assets, svg=svg)
        cells = SweepOptions(asking, asked, vary or [], zip_, name, concurrency)
        run_sweep(context, cells, words, place, timeout=timeout, dry_run=dry_run, yes=yes)
        return
    text = words(supplied=asking.has_input(asked))
    order = asking.order(asked._replace(prompt=text))
    if dry_run:
        from piooy_cli.api.schema import order_fields

        context.output.document(order_fields(order))
        return
    confirm_charges(context, count, yes)
    if output == "-" and wait and download:
        context.run(_to_stdout, order, count, timeout, covers, http_assets)
        return
    wish = (
        context.wish(output, on_exists, covers=covers, http_assets=http_assets, svg=svg)
        if wait and download
        else None
    )
    results = (Saved,) if wish else (Settled,) if wait else (Submitted,)
    context.run(_generate, order, count, timeout, wait, wish, open_, preview, results=results)


async def _generate(
    context: Context,
    order: Order,
    count: int,
    timeout: float | None,
    wait: bool,
    wish: "SaveOptions | None",
    open_files: bool,
    preview: bool,
) -> None:
    if wish:
        from piooy_cli.downloads.publish import ensure_writable

        ensure_writable(wish.target.directory)
    async with context.pipeline(timeout) as pipeline:
        saver = context.saver(wish) if wish else None

        async def one(_: int) -> None:
            for file in await pipeline.make(
                order, saver, wait=wait, covers=bool(wish and wish.covers)
            ):
                if preview:
                    context.output.preview(file.path)
                if open_files:
                    typer.launch(file.path)

        resume = wish.again if wish else ""
        await run_many(context, one, range(count), resume=resume)


async def _to_stdout(
    context: Context,
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

    await to_stdout(context, fetch, timeout, covers=covers, http_assets=http_assets)
