"""Static completion scripts: commands, options and fixed values without starting Python.

Models, tasks, settings and profiles are looked up by the hidden command `__complete`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from piooy_cli.cli.reference.completions import bash, fish, powershell, zsh
from piooy_cli.cli.reference.tree import CommandInfo, command_tree

WRITERS: Mapping[str, Callable[[CommandInfo], str]] = {
    "bash": bash.script, "zsh": zsh.script, "fish": fish.script, "powershell": powershell.script,
}  # fmt: skip


def completion_script(command: Any, shell: str) -> str:
    """Return the script for one shell, from a Typer command."""
    return WRITERS[shell](command_tree(command))
