"""What completes which word: fixed values, or a kind that `__complete` knows."""

from collections.abc import Sequence

from piooy_cli.cli.reference.manual import manual_pages
from piooy_cli.cli.reference.tree import ArgumentInfo, CommandInfo, OptionInfo

ASKED = "@"  # before a kind, in a script
KINDS = ("models", "refs", "keys", "profiles")


def of_value(taker: OptionInfo | ArgumentInfo, root: CommandInfo) -> tuple[str, ...]:
    """What completes a value: words, or one word that names a kind; nothing: files."""
    if taker.completes == "commands":
        return tuple(manual_pages(root).names())
    return taker.values or ((ASKED + taker.completes,) if taker.completes else ())


def of_words(command: CommandInfo, root: CommandInfo) -> tuple[str, ...]:
    """What may stand behind a command and is no option."""
    first = command.arguments[:1]
    return (
        *(child.name for child in command.children),
        *(word for argument in first for word in of_value(argument, root)),
    )


def kind(words: Sequence[str]) -> str:
    """The kind that is to be asked for; empty where the words themselves are meant."""
    asked = [word.removeprefix(ASKED) for word in words if word.startswith(ASKED)]
    return asked[0] if asked else ""


def options(command: CommandInfo, root: CommandInfo) -> list[OptionInfo]:
    """Its own options, then the global ones."""
    own = {name for option in command.options for name in option.all_names}
    shared = [option for option in root.options if not own & set(option.all_names)]
    return [*command.options, *(shared if command is not root else [])]


def option_names(command: CommandInfo, root: CommandInfo) -> str:
    """Their names, and help."""
    names = [name for option in options(command, root) for name in option.all_names]
    return " ".join(names)


def valued(root: CommandInfo) -> list[str]:
    """Every option that a value follows, of whatever command: that value is no command."""
    return sorted(
        {
            name
            for command in root.walk()
            for option in command.options
            if option.takes_value
            for name in option.names
        }
    )
