"""`piooy download`: save the files of tasks that succeeded."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import options, saving_options
from piooy_cli.cli.options import positive_number
from piooy_cli.domain.answers import Line
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.events import Saved
from piooy_cli.domain.models import Asset, Task

if TYPE_CHECKING:
    from piooy_cli.app.download import DownloadOptions
    from piooy_cli.domain.models import SavedFile
    from piooy_cli.downloads.options import SaveOptions


def download(
    ctx: typer.Context,
    refs: options.Refs = None,
    output: saving_options.OutputOption = None,
    on_exists: saving_options.OnExistsOption = saving_options.ExistsChoice.RENAME,
    covers: saving_options.Covers = False,
    unsaved: Annotated[
        bool,
        typer.Option("--unsaved", help="Download every task that succeeded and was not saved yet."),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for tasks that are still running.")
    ] = False,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    persist: Annotated[
        bool, typer.Option("--persist", help="Have the service store the files first.")
    ] = False,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            parser=positive_number,
            metavar="N",
            help="Number of files to download at once.",
        ),
    ] = 4,
    http_assets: saving_options.HttpAssets = False,
    private_assets: saving_options.PrivateAssets = False,
    svg: saving_options.Svg = False,
    metadata: saving_options.Metadata = None,
    private: saving_options.Private = False,
    strict: saving_options.Strict = False,
    deep: saving_options.Deep = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the file names, without saving anything.")
    ] = False,
    no_metadata: Annotated[
        bool, typer.Option("--no-metadata", help="Do not embed metadata (none is embedded yet).")
    ] = False,
) -> None:
    """Download the files of tasks, and print their paths.

    \b
    Examples:
      piooy download @last -o out/
      piooy download @last @2 -o "{date}-{slug}-{n}.{ext}"
      piooy download @last -o - > fox.png

    Template fields: {slug} {id} {id8} {n} {ext} {model} {media} {scene}
    {provider} {date} {time} {seed} {status}.
    """
    from piooy_cli.app.download import DownloadOptions, download_tasks, list_names
    from piooy_cli.app.to_stdout import is_allowed_stdout

    context = options.waiting_context(ctx)
    refs = [*(refs or []), "@unsaved"] if unsaved else refs
    to_stdout = is_allowed_stdout(output)
    if to_stdout and dry_run:
        raise UsageError(f"--dry-run cannot be used with --output {output}", "remove one of them")
    how = DownloadOptions(
        saving_options.save_options(ctx, stdout=True), wait=wait, timeout=timeout, persist=persist,
        jobs=jobs,
    )  # fmt: skip
    if to_stdout:
        context.run(_to_stdout, refs, how)
    elif dry_run:
        context.run(list_names, refs, how, partial(_show_name, context))
    else:
        context.run(download_tasks, refs, how, results=(Saved,))


def _show_name(context: Context, task: Task, asset: Asset, path: Path) -> None:
    record = {"id": task.id, "n": asset.n, "path": str(path)}
    context.output.answer(Line(str(path), record))


async def _to_stdout(context: Context, refs: list[str] | None, how: "DownloadOptions") -> None:
    from piooy_cli.app.download import download_one
    from piooy_cli.app.to_stdout import to_stdout

    async def fetch(save: "SaveOptions") -> "list[SavedFile]":
        return await download_one(context, refs, how._replace(save=save))

    save = how.save
    same = {
        "covers": save.covers,
        "hosts": save.hosts,
        "strict": save.strict,
        "deep": save.deep,
    }
    await to_stdout(context, fetch, **same)
