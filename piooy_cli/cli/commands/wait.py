"""`piooy wait`: wait for any number of tasks, and report each as it finishes."""

from typing import Annotated

import typer

from piooy_cli.cli import options, saving_options
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.events import Saved, Settled


def wait(
    ctx: typer.Context,
    refs: options.Refs = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Wait for every running task in the history.")
    ] = False,
    timeout: options.Timeout = None,
    interval: options.Interval = None,
    heartbeat: options.Heartbeat = 30,
    notify: options.Notify = False,
    stop_at_first: Annotated[
        bool, typer.Option("--any", help="Stop when the first task succeeds.")
    ] = False,
    download: Annotated[
        bool, typer.Option("--download", help="Download the files as well.")
    ] = False,
    output: saving_options.OutputOption = None,
    on_exists: saving_options.OnExistsOption = saving_options.ExistsChoice.RENAME,
    http_assets: saving_options.HttpAssets = False,
    private_assets: saving_options.PrivateAssets = False,
    svg: saving_options.Svg = False,
    metadata: saving_options.Metadata = None,
    private: saving_options.Private = False,
    strict: saving_options.Strict = False,
    deep: saving_options.Deep = False,
) -> None:
    """Wait for tasks to finish, and print the id of each that succeeds.

    \b
    Examples:
      piooy wait @last
      piooy generate image -m nano-banana-pro --no-wait "a fox" | piooy wait
      piooy wait --timeout 10m - < ids.txt | piooy download -o out/

    Ctrl-C stops waiting, not the tasks; the command to continue is printed.
    """
    from piooy_cli.app.wait import WaitOptions, wait_for_tasks

    context = options.waiting_context(ctx)
    refs = [*(refs or []), "@pending"] if pending else refs
    if output is not None and not download:
        raise UsageError("--output requires --download")
    if not download:
        saving_options.refuse_without_files(ctx, "requires --download")
    save = saving_options.save_options(ctx) if download else None
    how = WaitOptions(timeout=timeout, save=save, until_first=stop_at_first)
    context.run(wait_for_tasks, refs, how, results=(Saved,) if download else (Settled,))
