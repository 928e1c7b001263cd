"""What the user can do next, as data: `output` renders it as a command for the shell. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Hint(NamedTuple):
    """A piooy command to run next.

    `action` is the command below `piooy`, such as `history show`. `arguments` are quoted where a
    shell needs it; `usage` follows unquoted, with placeholders for the user to fill in. `sentence`
    contains `{}` where the command belongs.
    """

    action: str
    arguments: tuple[str, ...] = ()
    sentence: str = "{}"
    usage: str = ""

    def render(self, options: str = "") -> str:
        """Return the sentence with the command in backquotes; `options` follow `piooy` directly."""
        from shlex import quote  # only where something went wrong

        words = [self.action, *map(quote, self.arguments), *([self.usage] if self.usage else [])]
        return self.sentence.format(f"`piooy {options}{' '.join(words)}`")


_MOST_IDS = 50
# How `history resolve` can settle an order whose outcome is unknown.
RESOLUTIONS = "--adopt TASK_ID|--not-charged|--charged"
# A sentence, a command, or several of them.
Hints = str | Hint | Sequence[str | Hint]


def listed(hints: Hints) -> list[str | Hint]:
    """Return the hints as a list, without empty ones."""
    if isinstance(hints, str | Hint):
        return [hints] if hints else []
    return [hint for hint in hints if hint]


def render(hints: Hints, options: str = "") -> str:
    """Return all hints as one line of text, for people."""
    return "; ".join(
        hint.render(options) if isinstance(hint, Hint) else hint for hint in listed(hints)
    )


def continue_command(
    ids: Sequence[str],
    options: tuple[str, ...] = (),
    known: Callable[[str], object] = lambda task_id: None,
) -> Hint:
    """Return the command that continues with these tasks, and further options of `wait`.

    Many tasks are not listed if all of them are known.
    """
    if len(ids) <= _MOST_IDS:
        return Hint("wait", (*ids, *options), "to continue: {}")
    if all(map(known, ids)):
        return Hint("wait", ("--pending", *options), "to continue: {}")
    return Hint("wait", ("-", *options), "to continue: {}, with the ids above on stdin")
