"""`piooy completion` prints a static script; `__complete` prints values known only at run time."""

import string
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from piooy_cli.app.context import Context

_Row = tuple[str, str]
_NEWEST, _MOST_CHARACTERS = 30, 60  # tasks that are offered, and the length of their descriptions
_PLAIN = frozenset(f"{string.ascii_letters}{string.digits}@:._+/-")  # to every shell
_SETS = (
    ("@last", "the newest task"), ("@pending", "all"
        " running tasks"), ("@failed", "all failed tasks"),
    ("@unsaved", "succeeded and not saved yet"), ("@batch:", "all tasks of a batch"),
    ("@tag:", "all tasks with a tag"),
)  # fmt: skip


class Shell(StrEnum):
    """Shells that have a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(
    ctx: typer.Context, shell: Annotated[Shell, typer.Argument(help="The shell to complete in.")]
) -> None:
    """Print the completion script for a shell. Its first comment says where to put it.

    \b
    Examples:
      eval "$(piooy completion bash)"
      piooy completion fish > ~/.config/fish/completions/piooy.fish
    """
    from piooy_cli.cli.reference.completions.scripts import completion_script

    context: Context = ctx.obj
    context.output.page(completion_script(ctx.find_root().command, shell))


def complete(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument()],
    start: Annotated[str, typer.Argument()] = "",
) -> None:
    """Print known values and descriptions, one per line; offline, and silent on any error."""
    context: Context = ctx.obj
    try:
        found = [row for row in _KINDS[kind](context) if _is_offered(row[0], start)]
    except Exception:  # noqa: BLE001 - a TAB must not print errors
        return
    if found:
        context.output.page("\n".join("\t".join(map(_cell, row)) for row in found))


def _models(context: Context) -> list[_Row]:
    return [(model.id, model.media) for model in context.catalogue]


def _refs(context: Context) -> list[_Row]:
    from piooy_cli.ledger.sqlite.completion_query import recent_tasks

    tasks = recent_tasks(context.directories.state, context.key_store.account, _NEWEST)
    return [*_SETS, *((task, f"{status.lower()} {prompt}") for task, status, prompt in tasks)]


def _keys(context: Context) -> list[_Row]:
    from piooy_cli.config.edit import known_keys

    return list(known_keys())


def _profiles(context: Context) -> list[_Row]:
    from piooy_cli.config.file import read_config

    named = read_config(context.directories.config_file).get("profiles", {})
    return [(name, "") for name in ("default", *named)]


def _presets(context: Context) -> list[_Row]:
    from piooy_cli.config.project import load_presets

    found = load_presets(context.directories.config_file).values()
    return [(preset.name, preset.text("description") or preset.origin) for preset in found]


def _is_offered(value: str, start: str) -> bool:
    """Whether a value begins as typed, and means itself in every shell."""
    return value.startswith(start) and value != "" and set(value) <= _PLAIN


def _cell(text: str) -> str:
    """Return text without tabs and line breaks."""
    from piooy_cli.output.sanitize import sanitize

    return sanitize(text)[:_MOST_CHARACTERS]


_KINDS: dict[str, Callable[[Context], list[_Row]]] = {
    "models": _models, "refs": _refs, "keys": _keys, "profiles": _profiles,
    "presets": _presets,
}  # fmt: skip
