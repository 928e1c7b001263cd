"""`piooy plan` and `piooy init-plan`: what a production would send, and an example of one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.cli import options, production_options, request_options, saving_options
from piooy_cli.domain.answers import Line, Listing
from piooy_cli.domain.errors import StorageRefused, UsageError
from piooy_cli.domain.hints import Hint

if TYPE_CHECKING:
    from piooy_cli.app.production import PlannedProduction


def plan(
    ctx: typer.Context,
    file: production_options.File,
    var: production_options.Var = None,
    preset: request_options.Preset = None,
    only: production_options.Only = None,
    force: production_options.Force = None,
    name: options.BatchName = None,
    dot: Annotated[
        bool, typer.Option("--dot", help="Print the graph instead, for Graphviz.")
    ] = False,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print the graph instead, for Mermaid.")
    ] = False,
    output: saving_options.OutputOption = None,
    inline: request_options.Inline = False,
) -> None:
    """Show what a production would send, and why. Nothing is sent.

    \b
    Examples:
      piooy init-plan > spring.toml
      piooy plan spring.toml
      piooy plan spring.toml --mermaid

    A node is kept as long as what it sends, and what its parents are, stay the same.
    """
    from piooy_cli.app.batch_options import BatchOptions
    from piooy_cli.app.production import plan_production
    from piooy_cli.app.production_report import graph_lines, plan_records, plan_summary
    from piooy_cli.batch.row_state import RunPlan
    from piooy_cli.requests.builder import RequestSpec

    context: Context = ctx.obj
    if dot and mermaid:
        raise UsageError("--dot cannot be used with --mermaid")
    batch = BatchOptions(RunPlan(), context.save_options(output))
    asked = production_options.production_options(ctx, batch)
    planned = plan_production(context, RequestSpec(), asked)
    if dot or mermaid:
        for line in graph_lines(planned, "dot" if dot else "mermaid"):
            context.output.answer(Line(line, {"line": line}))
        return
    context.output.answer(_listing(planned, plan_records(planned)))
    for line in plan_summary(planned, context.settings.price):
        context.output.note(line)
    if planned.to_send:
        context.output.hint(Hint("run", asked.arguments, "to send them: {}"))


def _listing(planned: "PlannedProduction", records: list[dict[str, object]]) -> Listing:
    columns = ["node", "media", "model", "plan", "why", "result"]
    names = ["node", "media_type", "model", "plan", "why", "result"]
    rows = [[str(record[name] or "") for name in names] for record in records]
    return Listing(columns, rows, records)


def init_plan(
    ctx: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="Where to write it (default: standard output)."),
    ] = None,
) -> None:
    """Write an example of a production, with comments.

    \b
    Examples:
      piooy init-plan
      piooy init-plan film.toml
    """
    from piooy_cli.batch.production.example import EXAMPLE
    from piooy_cli.files.reading import expanded
    from piooy_cli.files.writing import write_new

    context: Context = ctx.obj
    if file is None:
        for line in EXAMPLE.splitlines():
            context.output.answer(Line(line, {"line": line}))
        return
    path: Path = expanded(file)
    try:
        write_new(path, EXAMPLE)
    except FileExistsError:
        raise UsageError(f"{path} exists", "choose another name") from None
    except OSError as error:
        raise StorageRefused(f"{path}: {error.strerror}") from None
    context.output.note(f"wrote {path}")
