"""The manual page, from the command tree, the error classes and the settings."""

import textwrap
from collections.abc import Iterator
from typing import Any

from piooy_cli import __version__, errors
from piooy_cli.published.tree import Command, Option, tree
from piooy_cli.settings import OTHER_VARIABLES, VARIABLES, Settings

_DATE = "2026-11-24"  # of the last change to the text, not of the build
_USUAL_VARIABLES = (
    "NO_COLOR, FORCE_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM, COLUMNS, HTTPS_PROXY, ALL_PROXY,"
    " NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR"
)
_STREAMS = (
    "Results go to standard output, one a line; all else to standard error."
    " A submission whose answer was lost is never sent again by itself."
)


def page(command: Any) -> str:
    """`piooy.1` in man(7), from a Typer command."""
    root = tree(command)
    head, _, examples = root.help.partition("Examples:")
    parts = [
        f'.TH PIOOY 1 {_DATE} "piooy {__version__}" "User Commands"',
        ".SH NAME\npiooy \\- generate images, videos, music and characters from the command line",
        ".SH SYNOPSIS\n.B piooy\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]",
        f".SH DESCRIPTION\n{_text(head.strip())}\n{_text(_STREAMS)}",
        ".SH OPTIONS\n" + "\n".join(_option(option) for option in root.options),
        ".SH COMMANDS\n" + "\n".join(_command(child) for child in root.walk() if child is not root),
        ".SH EXIT STATUS\n" + "\n".join(_pair(str(code), text) for code, text in exit_codes()),
        ".SH ENVIRONMENT\n" + "\n".join(_pair(name, text) for name, text in variables()),
        f".PP\n{_text(_USUAL_VARIABLES)}\nare honoured as usual.",
        ".SH FILES\n" + _pair("config.toml", "settings, in the platform's configuration directory")
        + "\n" + _pair("keys.json", "keys stored with \\-\\-store file, beside it, mode 0600"),
        ".SH EXAMPLES\n.nf\n" + _text(examples) + "\n.fi",
        ".SH SEE ALSO\n.BR curl (1),\n.BR jq (1),\n.BR xargs (1)",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def exit_codes() -> Iterator[tuple[int, str]]:
    """Every exit code with its name and meaning, from the classes themselves."""
    yield 0, "ok: everything asked for was done and verified"
    classes: list[type[errors.PiooyError]] = [
        errors.PiooyError,
        *errors.PiooyError.__subclasses__(),
    ]
    for kind in sorted(classes, key=lambda kind: kind.exit_code):
        yield kind.exit_code, f"{kind.name}: {kind.meaning}"


def variables() -> Iterator[tuple[str, str]]:
    """Every variable of ours with what it does."""
    helps = {name: field.metadata["help"] for name, field in Settings.__dataclass_fields__.items()}
    yield from ((variable, helps[name]) for variable, name in VARIABLES.items())
    yield from OTHER_VARIABLES.items()


def _command(command: Command) -> str:
    arguments = " ".join(f"\\fI{_text(shown)}\\fR" for shown, _ in command.arguments)
    lines = [f".SS {' '.join(command.path)} {arguments}".rstrip()]
    told, _, _ = command.help.partition("Examples:")
    lines.append(_text(told.partition("Example:")[0].strip()))
    return "\n".join(lines + [_option(option) for option in command.options])


def _option(option: Option) -> str:
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
    value = f" \\fI{_text(option.metavar)}\\fR" if option.takes_value else ""
    return f".TP\n{names}{value}\n{_text(option.help)}"


def _pair(term: str, text: str) -> str:
    return f".TP\n\\fB{term}\\fR\n{_text(text)}"


def _text(text: str) -> str:
    """Text that no line of which troff takes for a request."""
    escaped = text.replace("\\-", "-").replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    lines = [row for line in escaped.split("\n") for row in textwrap.wrap(line.strip(), 78)]
    return "\n".join(f"\\&{line}" if line[0] in ".'" else line for line in lines)
