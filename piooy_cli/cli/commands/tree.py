"""`piooy tree`: what was made from what."""

from typing import Annotated

import typer

from piooy_cli.app.context import Context


def tree(
    ctx: typer.Context,
    ref: Annotated[
        str, typer.Argument(metavar="REF", help="A task id or its prefix, @last, @row:N.")
    ],
) -> None:
    """Show what a task was made from, and what was made from it.

    \b
    Examples:
      piooy tree @last
      piooy tree @last --json | jq -r 'select(.depth > 0).id'
    """
    from piooy_cli.app.history import store_with
    from piooy_cli.app.lineage import lineage

    context: Context = ctx.obj
    for line in lineage(store_with(context, ref), ref):
        context.output.answer(line)
