"""`piooy batch`: run every row of a manifest; the same command resumes it."""

from contextlib import closing, suppress
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from piooy_cli.cli import options, request_options, running_options, saving_options
from piooy_cli.cli.options import positive_number
from piooy_cli.cli.running_options import RUN
from piooy_cli.domain.escaping import check_path
from piooy_cli.domain.models import MediaType


class OnlyChoice(StrEnum):
    """Which rows to send."""

    FAILED = "failed"


class FormatChoice(StrEnum):
    """The format of a manifest."""

    JSONL = "jsonl"
    CSV = "csv"
    LINES = "lines"


def batch(
    ctx: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Manifest: JSON Lines, CSV or one prompt per line; `-`"
                " reads stdin."
        ),
    ],
    model: request_options.Model = None,
    preset: request_options.Preset = None,
    media: Annotated[
        MediaType | None, typer.Option("--media", help="Media type (default: what the model"
            " makes).")
    ] = None,
    aspect_ratio: request_options.AspectRatio = None,
    resolution: request_options.Resolution = None,
    duration: request_options.Duration = None,
    image: request_options.Image = None,
    output: saving_options.OutputOption = None,
    name: options.BatchName = None,
    concurrency: options.Concurrency = 4,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", "-n", parser=positive_number, metavar="N", help="Send at most N new"
                " rows in this run."
        ),
    ] = None,
    only: Annotated[
        OnlyChoice | None,
        typer.Option("--only", help="Resend failed rows only; each is charged again."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, without sending it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")] = False,
    tag: request_options.Tag = None,
    vary: options.Vary = None,
    zip_: options.Zip = False,
    form: Annotated[
        FormatChoice | None,
        typer.Option("--format", rich_help_panel=RUN, help="Format (default: from the file"
            " name or first line)."),
    ] = None,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", rich_help_panel=RUN, help="Send rows in random order.")
    ] = False,
    max_tasks: running_options.MaxTasks = None,
    max_failures: running_options.MaxFailures = None,
    deadline: running_options.DeadlineOption = None,
    lock_wait: running_options.LockWait = 0,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", rich_help_panel=RUN, help="Succeed even if the"
            " manifest is empty.")
    ] = False,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    results: running_options.Results = None,
    summary: running_options.Summary = None,
    metrics: running_options.Metrics = None,
    on_exists: saving_options.OnExistsOption = saving_options.ExistsChoice.RENAME,
    covers: saving_options.Covers = False,
    http_assets: saving_options.HttpAssets = False,
    private_assets: saving_options.PrivateAssets = False,
    svg: saving_options.Svg = False,
    metadata: saving_options.Metadata = None,
    private: saving_options.Private = False,
    strict: saving_options.Strict = False,
    deep: saving_options.Deep = False,
    row_paths: saving_options.RowPaths = False,
    video: request_options.Video = None,
    inline: request_options.Inline = False,
    option: request_options.Option = None,
    options_file: request_options.OptionsFile = None,
    seed: request_options.Seed = None,
    negative_prompt: request_options.NegativePrompt = None,
    provider: request_options.Provider = None,
    scene: request_options.Scene = None,
    title: request_options.Title = None,
    style: request_options.Style = None,
    lyrics: request_options.Lyrics = None,
    lyrics_file: request_options.LyricsFile = None,
    instrumental: request_options.Instrumental = False,
) -> None:  # fmt: skip
    """Run every row of a manifest, each sent once.

    \b
    Examples:
      piooy batch prompts.txt -m nano-banana-pro -o out/
      piooy batch rows.jsonl --quiet --deadline 06:00 --summary out/summary.json
      piooy batch rows.csv --dry-run
      piooy batch rows.jsonl --only failed

    After a crash or an outage, run the same command to resume. Options apply to rows that do not
    set them; below them are --preset, the config file and the model's defaults. A row has the
    fields prompt, model, media, provider, scene, options, images, output, tags and id; in a table
    (CSV, or separated by tabs or semicolons) they are columns, option.KEY sets an option, and
    tag.NAME a tag. Blank lines, and lines that start with #, are skipped.

    A row's output is a place below -o, and the local files that it names for --inline are below the
    manifest's directory; --allow-row-paths permits other places. The extension in an output with
    fields is {ext}, or that of a media file.
    """
    from piooy_cli.app.batch_options import BatchOptions
    from piooy_cli.app.batch_run import confirm_cells, manifest_patience, run_batch
    from piooy_cli.batch.manifest import Manifest
    from piooy_cli.batch.manifest_format import ManifestFormat
    from piooy_cli.batch.prepare import EmptyManifest
    from piooy_cli.batch.row_builder import RowBuilder
    from piooy_cli.batch.row_paths import RowPaths
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.batch.sources import ManifestRows
    from piooy_cli.batch.sweep import axes_of
    from piooy_cli.concurrency.backoff import Deadline
    from piooy_cli.requests.builder import RequestBuilder
    from piooy_cli.requests.input_refs import InputRefs

    context = options.waiting_context(ctx)
    for report in ("results", "summary", "metrics"):
        check_path(ctx.params[report] or "", f"--{report}")
    chosen = request_options.chosen_preset(ctx, media)
    axes = axes_of(vary or [])
    until = Deadline(deadline) if deadline is not None else None
    how = BatchOptions(
        plan=RunPlan(concurrency, limit, only is not None, shuffle, max_failures, until),
        save=saving_options.save_options(ctx, preset=chosen),
        timeout=timeout, lock_wait=lock_wait, max_tasks=max_tasks,
        dry_run=dry_run, results=results, summary=summary, metrics=metrics, yes=yes,
        confirm=partial(confirm_cells, context, yes) if axes else None,
    )  # fmt: skip
    spec = request_options.over_preset(request_options.request_spec(ctx, media), chosen)
    inputs = InputRefs(context.existing_store, in_manifest=True)
    builder = RequestBuilder(context.settings, context.catalogue, inputs, inline=inline)
    with closing(Manifest(file, manifest_patience(context, until))) as manifest:
        paths = RowPaths(how.save, manifest.directory)
        rows = RowBuilder(builder, spec, axes, zipped=zip_, paths=paths)
        source = ManifestRows(manifest, ManifestFormat(form) if form else None, rows, name)
        with suppress(*[EmptyManifest] if allow_empty else []):
            run_batch(context, source, spec, axes, how)
