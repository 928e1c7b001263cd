"""The manual pages as data, from the command tree, the error classes and the settings. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from piooy_cli.published import topics
from piooy_cli.published.blocks import Block, Code, Item, Page, Section, Sub
from piooy_cli.published.facts import exit_codes, variables
from piooy_cli.published.tree import Command, Option

_STREAMS = (
    "Results go to standard output, one a line, in the form that the next command takes; all else"
    " goes to standard error. A submission whose answer was lost is never sent again by itself."
)
_FILES = (
    Item("~/.config/piooy/config.toml", "settings; see piooy-config(5)"),
    Item("~/.config/piooy/keys.json", "keys stored with --store file, for their owner alone"),
    Item("~/.local/state/piooy/ledger.sqlite3", "every order that was sent, and what became of it"),
    Item("~/.local/state/piooy/keyring", "which keyring had the key, so that it is asked first"),
    Item("~/.local/state/piooy/sandbox.sqlite3", "the tasks of --sandbox"),
    "These are the places of Linux; `piooy config path` and `piooy config check` tell yours.",
)
_OTHERS = ("curl(1)", "jq(1)", "xargs(1)")


class Shelf(NamedTuple):
    """Every page there is, and which of them a command means."""

    pages: tuple[Page, ...]

    def of(self, name: str) -> Page | None:
        """The page of `generate`, `exit-codes` or `config.5`; of all where there is no name.

        Also by the names that pages call each other: piooy-config(5).
        """
        plain = name.removeprefix("piooy").removeprefix("-").replace("(", ".").rstrip(")")
        own = not plain or plain == ".1"
        wanted = "piooy" if own else f"piooy-{plain}"
        return next((page for page in self.pages if wanted in (page.name, page.file)), None)

    def names(self) -> list[str]:
        """What can be asked for, in short."""
        short = [page.file.removeprefix("piooy-") for page in self.pages[1:]]
        return [name.removesuffix(".1").removesuffix(".7") for name in short]


def shelf(root: Command) -> Shelf:
    """All pages, commands before topics."""
    commands = (_command(child, root) for child in root.children)
    return Shelf((_overview(root), *commands, *topics.pages()))


def _overview(root: Command) -> Page:
    return Page("piooy", 1, "generate images, videos, music and characters", (
        Section("SYNOPSIS", (Item(f"piooy {root.usage}"),)),
        Section("DESCRIPTION", (*root.paragraphs, _STREAMS)),
        Section("COMMANDS", tuple(Item(f"piooy-{c.name}(1)", c.summary) for c in root.children)),
        Section("OPTIONS", ("They may stand before the command or behind it.", *_options(root))),
        Section("EXIT STATUS", tuple(Item(str(c.number), c.meaning) for c in exit_codes())),
        Section("ENVIRONMENT", tuple(Item(name, text) for name, text in variables())),
        Section("FILES", _FILES),
        Section("EXAMPLES", (Code(root.examples),)),
        _see_also([f"piooy-{one.name}(1)" for one in root.children] + topics.names()),
    ))  # fmt: skip


def _command(command: Command, root: Command) -> Page:
    lines = [line for one in command.walk() for line in one.examples]
    below = [block for child in command.children for block in _child(child)]
    sections = (
        Section("SYNOPSIS", tuple(_synopsis(command))),
        Section("DESCRIPTION", command.paragraphs),
        Section("ARGUMENTS", tuple(Item(one.shown, one.help) for one in command.arguments)),
        Section("COMMANDS", tuple(below)),
        Section("OPTIONS", (*_options(command), _of_all(root))),
        Section("EXIT STATUS", (_codes(),)),
        Section("ENVIRONMENT", (f"{_own()} are read; see piooy-environment(7).",)),
        Section("FILES", _FILES),
        Section("EXAMPLES", (Code(tuple(lines)),) if lines else ()),
        _see_also(["piooy(1)", *topics.names()]),
    )
    told = tuple(section for section in sections if section.blocks)
    return Page(f"piooy-{command.name}", 1, _clause(command.summary), told)


def _synopsis(command: Command) -> Iterator[Item]:
    """A line for each way to call it."""
    for one in command.walk():
        if not one.children or one.options:
            arguments = [argument.shown for argument in one.arguments]
            yield Item(" ".join([*one.path, "[OPTIONS]", *arguments]))


def _child(command: Command) -> Iterator[Block]:
    yield Sub(" ".join([*command.path, *(one.shown for one in command.arguments)]))
    yield from command.paragraphs
    yield from _options(command)


def _options(command: Command) -> Iterator[Block]:
    for group, options in command.groups().items():
        if group:
            yield Sub(group)
        yield from (Item(_names(option), option.sentence, option.metavar) for option in options)


def _names(option: Option) -> str:
    return ", ".join(option.all_names)


def _of_all(root: Command) -> str:
    return f"{' '.join(option.names[-1] for option in root.options)} are explained in piooy(1)."


def _codes() -> str:
    codes = ", ".join(f"{code.number} {code.name}" for code in exit_codes())
    return f"{codes}; see piooy-exit-codes(7)."


def _own() -> str:
    return ", ".join(name for name, _ in variables())


def _see_also(names: list[str]) -> Section:
    return Section("SEE ALSO", (", ".join([*names, *_OTHERS]),))


def _clause(sentence: str) -> str:
    """A sentence as the NAME line wants it: in lower case, without its full stop."""
    clause = sentence.split(". ")[0].rstrip(".")
    return clause[0].lower() + clause[1:]
