"""`piooy inspect` and `piooy verify`: what a file says of itself, and whether it is so."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from piooy_cli.app.context import Context
from piooy_cli.domain.answers import Listing
from piooy_cli.domain.errors import NotDownloaded
from piooy_cli.domain.escaping import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

_Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Pictures, videos, sounds.")]


def inspect(ctx: typer.Context, files: _Files) -> None:
    """Show what a file is, how it was made, and which task it is of.

    \b
    Examples:
      piooy inspect fox.png
      piooy inspect fox.png --json | jq -r .prompt

    It also reads the recipes of A1111, ComfyUI, InvokeAI, NovelAI and SwarmUI.
    """
    from piooy_cli.app.inspect import inspect_file

    context: Context = ctx.obj
    store = context.existing_store()
    for name in files:
        record = inspect_file(store, name)
        context.output.answer(Listing(["what", "value"], _rows(record), [record]))


def _rows(record: "Mapping[str, Any]") -> list[list[str]]:
    return [
        [name, value if isinstance(value, str) else json_text(value)]
        for name, value in record.items()
        if value not in (None, {}, [])
    ]


def verify(ctx: typer.Context, files: _Files) -> None:
    """Check files against the history, and their signatures (with piooy[c2pa]).

    \b
    Examples:
      piooy verify fox.png
    """
    from piooy_cli.app.verify import verify_file

    context: Context = ctx.obj
    store = context.existing_store()
    found = [verify_file(store, name) for name in files]
    rows = [[one["path"], one["history"], one["signature"]] for one in found]
    context.output.answer(Listing(["path", "history", "signature"], rows, found))
    if bad := [one["path"] for one in found if one["is_wrong"]]:
        more = f", and {len(bad) - 1} more" if bad[1:] else ""
        raise NotDownloaded(f"{bad[0]} is not what it was{more}")
