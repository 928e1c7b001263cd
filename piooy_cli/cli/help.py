"""A Typer application that prints our own help: examples first, readable at 40 columns."""

import shutil
from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

F = TypeVar("F", bound=Callable[..., Any])
HELP_NAMES = {"help_option_names": ["-h", "--help"]}


class _Command(TyperCommand):
    def get_help(self, ctx: Any) -> str:
        return help_of(ctx)


class _Group(TyperGroup):
    def get_help(self, ctx: Any) -> str:
        return help_of(ctx)


class CommandApp(typer.Typer):
    """A group of commands. Typer parses the words; `reference` formats the help."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            cls=_Group, invoke_without_command=True, rich_markup_mode=None, add_completion=False,
            pretty_exceptions_enable=False, context_settings=HELP_NAMES, **settings,
        )  # fmt: skip

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """Register a command, as Typer does."""
        return super().command(name, cls=_Command, **settings)


def help_of(ctx: typer.Context) -> str:
    """Return the help of the command in `ctx`, fitted to the terminal."""
    from piooy_cli.cli.reference import help_page as helping
    from piooy_cli.cli.reference.tree import command_tree

    root = command_tree(ctx.find_root().command)
    path = tuple(ctx.command_path.split())
    command = next((one for one in root.walk() if one.path == path), root)
    return helping.help_page(command, root, shutil.get_terminal_size().columns).rstrip("\n")
