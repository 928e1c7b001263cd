"""Options that are accepted before or after any command."""

import re
from collections.abc import Collection

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint

FLAGS = frozenset("--json --quiet --verbose --debug --no-input --sandbox --version".split())


_BUNDLE = re.compile(r"-([qv]+)([A-Za-z].*)?")


VALUED = frozenset("--jq --color --hyperlinks --profile --base-url --record".split())


def _command_of(ordered: list[str]) -> str:
    """Return the first word that is neither an option nor its value; None if help comes first."""
    words = iter(ordered)
    for word in words:
        if word in ("-h", "--help"):
            break
        if word in VALUED:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def globals_first(arguments: list[str], valued: Collection[str] = ()) -> list[str]:
    """Return the arguments with global options moved to the front, where Typer expects them."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*front, *rest, word, *words]
        if match := _BUNDLE.fullmatch(word):
            front += [f"-{letter}" for letter in match[1]]
            rest += [f"-{match[2]}"] if match[2] else []
        elif word in FLAGS or (word.partition("=")[0] in VALUED and "=" in word):
            front.append(word)
        elif word in VALUED:
            value = next(words, None)
            if value is None:
                raise UsageError(
                    f"{word} requires a value",
                    Hint("--help", sentence="for the options and arguments: {}"),
                )
            front += [word, value]
        else:
            rest += [word, *([value] if word in valued and (value := next(words, None)) else [])]
    return front + rest
