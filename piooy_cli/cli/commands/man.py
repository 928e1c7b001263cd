"""`piooy man`: show a manual page, installed or generated on the spot."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from piooy_cli.app.context import Context
from piooy_cli.domain.errors import NotFound

if TYPE_CHECKING:
    from piooy_cli.cli.reference.blocks import ManualPage


def man(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]", help="A command, or exit-codes, environment or config.5."
        ),
    ] = None,
) -> None:
    """Show the manual page of a command, or of piooy.

    \b
    Examples:
      piooy man generate
      piooy man exit-codes
    """
    from piooy_cli.cli.reference.manual import manual_pages
    from piooy_cli.cli.reference.tree import command_tree

    context: Context = ctx.obj
    root = command_tree(ctx.find_root().command)
    pages = manual_pages(root)
    name = " ".join(words or [])
    is_command = any(one.words == name for one in root.walk())
    page = pages.of(name.split(" ")[0] if is_command else name)
    if page is None:
        raise NotFound(f"no manual page for {name!r}", f"available: {' '.join(pages.names())}")
    _show(context, page)


def _show(context: Context, page: "ManualPage") -> None:
    """Show the page with `man` on a terminal where it is installed, else as text."""
    from piooy_cli import programs
    from piooy_cli.cli.reference.text import text
    from piooy_cli.output.streams import is_terminal

    reader = shutil.which("man") if is_terminal(sys.stdout) else None
    if reader is None:
        context.output.page(text(page, shutil.get_terminal_size().columns))
    elif installed := _installed(page.file):
        programs.run(reader, str(installed))
    else:
        _show_made(reader, page)


def _installed(file: str) -> Path | None:
    """Return where pip put the page: `share/man` beside our `lib`, or the checkout."""
    place = os.path.join("share", "man", f"man{file[-1]}", file)  # noqa: PTH118
    above = Path(__file__).resolve().parents
    found = [base / place for base in above] + [above[3] / "man" / file]
    return next((path for path in found if path.is_file()), None)


def _show_made(reader: str, page: "ManualPage") -> None:
    import tempfile

    from piooy_cli import programs
    from piooy_cli.cli.reference.troff import troff
    from piooy_cli.files.writing import replacing

    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / page.file
        with replacing(file) as written:
            written.write(troff(page).encode("utf-8"))
        programs.run(reader, str(file))
