"""The page that `-h` prints: examples first, common options on top, readable at 40 columns."""

from collections.abc import Iterator

from piooy_cli.cli.reference import layout
from piooy_cli.cli.reference.facts import exit_codes
from piooy_cli.cli.reference.tree import CommandInfo, OptionInfo

NARROWEST, WIDEST = 30, 80
_DOCS = (
    ("Start", "piooy config set-key"),
    ("Manual", "piooy man"),
    ("Docs", "https://piooy.com/docs"),
    ("Issues", "https://piooy.com/contact"),
)


def help_page(command: CommandInfo, root: CommandInfo, columns: int) -> str:
    """Return the help of one command for a window of `width` columns."""
    width = min(max(columns, NARROWEST), WIDEST)
    return "\n\n".join(part for part in _parts(command, root, width) if part) + "\n"


def _parts(command: CommandInfo, root: CommandInfo, width: int) -> Iterator[str]:
    yield layout.usage(f"Usage: {' '.join(command.path)} {command.usage}", width, " " * 9)
    yield layout.paragraph(command.summary, width)
    yield _examples(command, width)
    yield from (layout.paragraph(text, width) for text in command.paragraphs[1:])
    yield _titled("Commands", [(one.name, one.summary) for one in command.children], width)
    yield _titled("Arguments", [(one.shown, one.help) for one in command.arguments], width)
    for group, options in command.groups().items():
        yield _titled(group or "Options", [(_term(one), one.sentence) for one in options], width)
    yield from _of_all(root, width) if command.path == root.path else _below(command, root, width)


def _examples(command: CommandInfo, width: int) -> str:
    lines = [layout.shell(f"  {line}", width) for line in command.examples]
    return "\n".join(["Examples:", *lines]) if lines else ""


def _titled(title: str, rows: list[tuple[str, str]], width: int) -> str:
    return f"{title}:\n{layout.definitions(rows, width)}" if rows else ""


def _term(option: OptionInfo) -> str:
    """Return an option's names as typed; without a short name, it is indented."""
    names = ", ".join(option.names)
    off = f" / {', '.join(option.off)}" if option.off else ""
    return f"{names} {option.metavar}".rstrip() + off


def _of_all(root: CommandInfo, width: int) -> Iterator[str]:
    yield layout.paragraph("Global options may come before or after the command.", width)
    words = ", ".join(f"{code.number} {code.name}" for code in exit_codes())
    yield layout.paragraph(f"Exit codes: {words}.", width)
    yield layout.definitions([(f"{name}:", text) for name, text in _DOCS], width, "")


def _below(command: CommandInfo, root: CommandInfo, width: int) -> Iterator[str]:
    names = " ".join(option.names[-1] for option in root.options)
    yield layout.paragraph(f"Global options: {names}; `piooy -h` explains them.", width)
    yield layout.paragraph(f"Manual: `piooy man {command.path[1]}`", width)
