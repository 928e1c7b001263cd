"""The manual pages as data, from the command tree, error classes and settings. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from piooy_cli.cli.reference import topics
from piooy_cli.cli.reference.blocks import (
    CodeBlock,
    Definition,
    ManualPage,
    PageBlock,
    Section,
    Subheading,
)
from piooy_cli.cli.reference.facts import exit_codes, variables
from piooy_cli.cli.reference.tree import CommandInfo, OptionInfo

_STREAMS = (
    "Results are written to standard output, one per line, in the form that the next command reads;"
    " everything else is written to standard error. A request whose response was lost is never"
    " resent automatically."
)
_FILES = (
    Definition("~/.config/piooy/config.toml", "settings; see piooy-config(5)"),
    Definition(
        "~/.config/piooy/keys.json", "keys stored with --store file, readable by their owner only"
    ),
    Definition("~/.local/state/piooy/ledger.sqlite3", "every order that was sent, and its outcome"),
    Definition(
        "~/.local/state/piooy/keyring", "which keyring had the key, so that it is tried first"
    ),
    Definition("~/.local/state/piooy/sandbox.sqlite3", "the tasks of --sandbox"),
    "These are the paths on Linux; `piooy config path` and `piooy config check` print yours.",
)
_OTHERS = ("curl(1)", "jq(1)", "xargs(1)")


class ManualPages(NamedTuple):
    """All manual pages, and finding one by name."""

    pages: tuple[ManualPage, ...]

    def of(self, name: str) -> ManualPage | None:
        """Return the page of `generate`, `exit-codes` or `config.5`; of piooy if there is no name.

        The names that pages use for each other, such as piooy-config(5), are accepted too.
        """
        plain = name.removeprefix("piooy").removeprefix("-").replace("(", ".").rstrip(")")
        own = not plain or plain == ".1"
        wanted = "piooy" if own else f"piooy-{plain}"
        return next((page for page in self.pages if wanted in (page.name, page.file)), None)

    def names(self) -> list[str]:
        """Return the short names of all pages."""
        short = [page.file.removeprefix("piooy-") for page in self.pages[1:]]
        return [name.removesuffix(".1").removesuffix(".7") for name in short]


def manual_pages(root: CommandInfo) -> ManualPages:
    """Return all pages, commands before topics."""
    commands = (_command(child, root) for child in root.children)
    return ManualPages((_overview(root), *commands, *topics.topic_pages()))


def _overview(root: CommandInfo) -> ManualPage:
    return ManualPage("piooy", 1, "generate images, videos, music and characters", (
        Section("SYNOPSIS", (Definition(f"piooy {root.usage}"),)),
        Section("DESCRIPTION", (*root.paragraphs, _STREAMS)),
        Section("COMMANDS", tuple(
            Definition(f"piooy-{c.name}(1)", c.summary) for c in root.children
        )),
        Section("OPTIONS", ("They may come before or after the command.", *_options(root))),
        Section("EXIT STATUS", tuple(Definition(str(c.number), c.meaning) for c in exit_codes())),
        Section("ENVIRONMENT", tuple(Definition(name, text) for name, text in variables())),
        Section("FILES", _FILES),
        Section("EXAMPLES", (CodeBlock(root.examples),)),
        _see_also([f"piooy-{one.name}(1)" for one in root.children] + topics.topic_names()),
    ))  # fmt: skip


def _command(command: CommandInfo, root: CommandInfo) -> ManualPage:
    lines = [line for one in command.walk() for line in one.examples]
    below = [block for child in command.children for block in _child(child)]
    sections = (
        Section("SYNOPSIS", tuple(_synopsis(command))),
        Section("DESCRIPTION", command.paragraphs),
        Section("ARGUMENTS", tuple(Definition(one.shown, one.help) for one in command.arguments)),
        Section("COMMANDS", tuple(below)),
        Section("OPTIONS", (*_options(command), _of_all(root))),
        Section("EXIT STATUS", (_codes(),)),
        Section("ENVIRONMENT", (f"{_own()} are read; see piooy-environment(7).",)),
        Section("FILES", _FILES),
        Section("EXAMPLES", (CodeBlock(tuple(lines)),) if lines else ()),
        _see_also(["piooy(1)", *topics.topic_names()]),
    )
    filled = tuple(section for section in sections if section.blocks)
    return ManualPage(f"piooy-{command.name}", 1, _clause(command.summary), filled)


def _synopsis(command: CommandInfo) -> Iterator[Definition]:
    """Return a synopsis line for each way to call a command."""
    for one in command.walk():
        if not one.children or one.options:
            arguments = [argument.shown for argument in one.arguments]
            yield Definition(" ".join([*one.path, "[OPTIONS]", *arguments]))


def _child(command: CommandInfo) -> Iterator[PageBlock]:
    yield Subheading(" ".join([*command.path, *(one.shown for one in command.arguments)]))
    yield from command.paragraphs
    yield from _options(command)


def _options(command: CommandInfo) -> Iterator[PageBlock]:
    for group, options in command.groups().items():
        if group:
            yield Subheading(group)
        yield from (
            Definition(_names(option), option.sentence, option.metavar) for option in options
        )


def _names(option: OptionInfo) -> str:
    return ", ".join(option.all_names)


def _of_all(root: CommandInfo) -> str:
    return f"{' '.join(option.names[-1] for option in root.options)} are explained in piooy(1)."


def _codes() -> str:
    codes = ", ".join(f"{code.number} {code.name}" for code in exit_codes())
    return f"{codes}; see piooy-exit-codes(7)."


def _own() -> str:
    return ", ".join(name for name, _ in variables())


def _see_also(names: list[str]) -> Section:
    return Section("SEE ALSO", (", ".join([*names, *_OTHERS]),))


def _clause(sentence: str) -> str:
    """Return a sentence for the NAME line: in lower case, without its full stop."""
    clause = sentence.split(". ")[0].rstrip(".")
    return clause[0].lower() + clause[1:]
