"""`piooy batch`: a manifest of rows, run to completion; the same command again goes on."""

from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.asking import Asked, Asking
from piooy_cli.commands import batching, options, request
from piooy_cli.commands.orders import lyrics_of, options_of
from piooy_cli.models import Media
from piooy_cli.session import Session

_RUN, _REPORT = "The run", "Reports"


class OnlyChoice(StrEnum):
    """Which rows."""

    FAILED = "failed"


class FormatChoice(StrEnum):
    """How a manifest is written."""

    JSONL = "jsonl"
    CSV = "csv"
    LINES = "lines"


def batch(
    ctx: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="JSON Lines, CSV, or a prompt a line; `-`: from stdin."
        ),
    ],
    model: request.Model = None,
    media: Annotated[
        Media | None, typer.Option("--media", help="Default: what the model makes.")
    ] = None,
    aspect_ratio: request.AspectRatio = None,
    resolution: request.Resolution = None,
    duration: request.Duration = None,
    image: request.Image = None,
    output: options.Output = None,
    name: options.BatchName = None,
    concurrency: options.Concurrency = 4,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", "-n", parser=options.positive, metavar="N", help="So many new rows at most."
        ),
    ] = None,
    only: Annotated[
        OnlyChoice | None,
        typer.Option("--only", help="Send rows that failed once more; each is charged again."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, send nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    vary: options.Vary = None,
    zip_: options.Zip = False,
    form: Annotated[
        FormatChoice | None,
        typer.Option("--format", rich_help_panel=_RUN, help="Default: by name or first line."),
    ] = None,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", rich_help_panel=_RUN, help="Rows in any order.")
    ] = False,
    max_tasks: Annotated[
        int | None,
        typer.Option(
            "--max-tasks", parser=options.positive, metavar="N", rich_help_panel=_RUN,
            help="So many orders in all runs of this batch.",
        ),
    ] = None,
    max_failures: Annotated[
        int | None,
        typer.Option(
            "--max-failures", parser=options.positive, metavar="N", rich_help_panel=_RUN,
            help="Send no more after so many.",
        ),
    ] = None,
    deadline: Annotated[
        float | None,
        typer.Option(
            "--deadline", parser=options.moment, metavar="TIME", rich_help_panel=_RUN,
            help="Stop then: 06:00, or 2h from now.",
        ),
    ] = None,
    lock_wait: Annotated[
        float,
        typer.Option(
            "--lock-wait", parser=options.duration_or_none, metavar="DURATION", show_default="0",
            rich_help_panel=_RUN, help="Wait so long for another run of it.",
        ),
    ] = 0,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", rich_help_panel=_RUN, help="No rows are no mistake.")
    ] = False,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    results: Annotated[
        str | None,
        typer.Option(
            "--results", metavar="FILE", rich_help_panel=_REPORT,
            help="A line for each row. Default: results.jsonl beside the files.",
        ),
    ] = None,
    summary: Annotated[
        str | None,
        typer.Option(
            "--summary", metavar="FILE", rich_help_panel=_REPORT, help="The whole, as JSON."
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics", metavar="FILE", rich_help_panel=_REPORT,
            help="For Prometheus' textfile collector.",
        ),
    ] = None,
    on_exists: options.OnExists = options.ExistsChoice.RENAME,
    covers: options.Covers = False,
    http_assets: options.HttpAssets = False,
    svg: options.Svg = False,
    video: request.Video = None,
    inline: request.Inline = False,
    option: request.Option = None,
    options_file: request.OptionsFile = None,
    seed: request.Seed = None,
    negative_prompt: request.NegativePrompt = None,
    provider: request.Provider = None,
    scene: request.Scene = None,
    title: request.Title = None,
    style: request.Style = None,
    lyrics: request.Lyrics = None,
    lyrics_file: request.LyricsFile = None,
    instrumental: request.Instrumental = False,
) -> None:  # fmt: skip
    """Run a manifest to its end, each row sent once.

    \b
    Examples:
      piooy batch prompts.txt -m nano-banana-pro -o out/
      piooy batch rows.jsonl --quiet --deadline 06:00 --summary out/summary.json
      piooy batch rows.csv --dry-run
      piooy batch rows.jsonl --only failed

    After a crash or an outage, the same command goes on where it stopped. Options say what a
    row leaves open. A row has the fields prompt, model, media, provider, scene, options, images,
    output, id; CSV has them as columns, and option.KEY.
    """
    from piooy_cli.api.retry import Deadline
    from piooy_cli.batch.checking import Checker
    from piooy_cli.batch.formats import Format
    from piooy_cli.batch.manifest import Manifest
    from piooy_cli.batch.opening import Empty
    from piooy_cli.batch.sources import ManifestRows
    from piooy_cli.batch.sweep import axes_of
    from piooy_cli.batch.turns import Plan

    session: Session = ctx.obj
    session.waits(interval, heartbeat, notify=notify)
    given = {
        "aspect_ratio": aspect_ratio, "resolution": resolution, "duration": duration, "seed": seed,
        "negative_prompt": negative_prompt, "title": title, "style": style,
        "lyrics": lyrics_of(lyrics, lyrics_file), "instrumental": instrumental or None,
    }  # fmt: skip
    chosen = options_of(options_file, option, given)
    references = (tuple(image or ()), tuple(video or ()))
    defaults = Asked(media, model, provider, scene, "", *references, chosen)
    asking = Asking(session.settings, session.catalogue, inline=inline)
    axes = axes_of(vary or [])
    until = Deadline(deadline) if deadline is not None else None
    wanted = batching.Wanted(
        Plan(concurrency, limit, only is not None, shuffle, max_failures, until),
        session.wish(output, on_exists, covers=covers, http_assets=http_assets, svg=svg),
        "the same command again goes on", timeout, lock_wait, max_tasks, dry_run, results, summary,
        metrics, bool(axes), yes,
    )  # fmt: skip
    manifest = Manifest(file, batching.patience(session, until))
    try:
        checker = Checker(asking, defaults, axes, zipped=zip_)
        source = ManifestRows(manifest, Format(form) if form else None, checker, name)
        batching.run(session, source, defaults, axes, wanted)
    except Empty:
        if not allow_empty:
            raise
    finally:
        manifest.close()
