"""What completes a word: fixed values, or a kind of value that `__complete` looks up."""

from collections.abc import Sequence

from piooy_cli.cli.reference.manual import manual_pages
from piooy_cli.cli.reference.tree import ArgumentInfo, CommandInfo, OptionInfo

ASKED = "@"  # before a kind, in a script
KINDS = ("models", "refs", "keys", "profiles", "presets")


def of_value(taker: OptionInfo | ArgumentInfo, root: CommandInfo) -> tuple[str, ...]:
    """Return what completes a value: words, or the name of a kind; None means files."""
    if taker.completes == "commands":
        return tuple(manual_pages(root).names())
    return taker.values or ((ASKED + taker.completes,) if taker.completes else ())


def of_words(command: CommandInfo, root: CommandInfo) -> tuple[str, ...]:
    """Return what may follow a command besides options."""
    first = command.arguments[:1]
    return (
        *(child.name for child in command.children),
        *(word for argument in first for word in of_value(argument, root)),
    )


def kind(words: Sequence[str]) -> str:
    """Return the kind to look up; empty if the words are the values."""
    asked = [word.removeprefix(ASKED) for word in words if word.startswith(ASKED)]
    return asked[0] if asked else ""


def options(command: CommandInfo, root: CommandInfo) -> list[OptionInfo]:
    """Return a command's own options, then the global ones."""
    own = {name for option in command.options for name in option.all_names}
    shared = [option for option in root.options if not own & set(option.all_names)]
    return [*command.options, *(shared if command is not root else [])]


def option_names(command: CommandInfo, root: CommandInfo) -> str:
    """Return the names of all options of a command, and help."""
    names = [name for option in options(command, root) for name in option.all_names]
    return " ".join(names)


def valued(root: CommandInfo) -> list[str]:
    """Return every option that takes a value: the next word is not a command."""
    return sorted(
        {
            name
            for command in root.walk()
            for option in command.options
            if option.takes_value
            for name in option.names
        }
    )
