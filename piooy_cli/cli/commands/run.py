"""`piooy run`: send what a production needs, each node once."""

from typing import Annotated

import typer

from piooy_cli.cli import (
    options,
    production_options,
    request_options,
    running_options,
    saving_options,
)


def run(
    ctx: typer.Context,
    file: production_options.File,
    var: production_options.Var = None,
    preset: request_options.Preset = None,
    only: production_options.Only = None,
    force: production_options.Force = None,
    tag: request_options.Tag = None,
    output: saving_options.OutputOption = None,
    concurrency: options.Concurrency = 4,
    name: options.BatchName = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, without sending it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation prompt.")] = False,
    max_tasks: running_options.MaxTasks = None,
    max_failures: running_options.MaxFailures = None,
    deadline: running_options.DeadlineOption = None,
    lock_wait: running_options.LockWait = 0,
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
    inline: request_options.Inline = False,
) -> None:
    """Send what a production needs: nodes that are new or changed, after their parents.

    \b
    Examples:
      piooy plan spring.toml
      piooy run spring.toml
      piooy run spring.toml --only hero --var animal=hare
      piooy run spring.toml --force hero --yes

    What was sent is not sent again, unless it or a parent has changed. After a crash or an outage,
    run the same command to resume.
    """
    from piooy_cli.app.batch_options import BatchOptions
    from piooy_cli.app.production import run_production
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.concurrency.backoff import Deadline
    from piooy_cli.domain.tags import tags_of
    from piooy_cli.requests.builder import RequestSpec

    context = options.waiting_context(ctx)
    until = Deadline(deadline) if deadline is not None else None
    batch = BatchOptions(
        plan=RunPlan(concurrency, max_failures=max_failures, until=until),
        save=saving_options.save_options(ctx),
        timeout=timeout, lock_wait=lock_wait, max_tasks=max_tasks, dry_run=dry_run,
        results=results, summary=summary, metrics=metrics, yes=yes,
    )  # fmt: skip
    asked = production_options.production_options(ctx, batch)
    run_production(context, RequestSpec(tags=tags_of(tag or ())), asked)
