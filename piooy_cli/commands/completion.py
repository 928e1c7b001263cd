"""`piooy completion` prints the static script; `__complete` answers what no script can know."""

from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.session import Session


class Shell(StrEnum):
    """Shells with a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(
    ctx: typer.Context, shell: Annotated[Shell, typer.Argument(help="Your shell.")]
) -> None:
    """Print the completion script for a shell; where it belongs is its first comment.

    \b
    Example:
      piooy completion bash > ~/.local/share/bash-completion/completions/piooy
    """
    from piooy_cli.published.completions import script

    session: Session = ctx.obj
    session.output.page(script(ctx.find_root().command, shell))


def complete(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument()],
    start: Annotated[str, typer.Argument()] = "",
) -> None:
    """Print known values, one a line: offline, and silent on any error."""
    session: Session = ctx.obj
    try:
        values = {"models": lambda: [model.id for model in session.catalogue]}[what]()
    except Exception:  # noqa: BLE001 - a TAB must not print errors
        return
    if found := [value for value in values if value.startswith(start)]:
        session.output.page("\n".join(found))
