"""Exit codes and variables for pages, help and README, from the code that defines them."""

from collections.abc import Iterator
from typing import NamedTuple

from piooy_cli.config.settings import OTHER_VARIABLES, VARIABLES, Settings
from piooy_cli.domain import errors

USUAL_VARIABLES = {
    "NO_COLOR": "no color, whatever else is set",
    "FORCE_COLOR": "color, even into a pipe",
    "CLICOLOR": "0: no color",
    "CLICOLOR_FORCE": "same as FORCE_COLOR, unless it is 0",
    "NO_HYPERLINKS": "no links on file names",
    "TERM": "dumb or unset: no color, no cursor movement, no links",
    "COLUMNS": "the width of the window",
    "VISUAL, EDITOR": "the editor for `piooy config edit`",
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY": "the proxy",
    "NO_PROXY": "hosts that are reached without the proxy; this machine always is",
    "SSL_CERT_FILE, SSL_CERT_DIR": "certificates to trust, instead of the bundled ones",
    "PYTHON_KEYRING_BACKEND": "class name of the keyring to use",
}


class ExitCode(NamedTuple):
    """One exit code as documented."""

    number: int
    name: str
    meaning: str
    money: str


def exit_codes() -> Iterator[ExitCode]:
    """Return every exit code, from the error classes."""
    yield ExitCode(0, "ok", "everything was done and verified", "as expected")
    kinds: list[type[errors.PiooyError]] = [errors.PiooyError, *errors.PiooyError.__subclasses__()]
    for kind in sorted(kinds, key=lambda kind: kind.exit_code):
        if kind is not errors.Interrupted:
            yield ExitCode(kind.exit_code, kind.name, kind.meaning, kind.money)
    for number, signal in errors.SIGNALS.items():
        meaning = "stopped cleanly by the signal"
        yield ExitCode(number, signal, meaning, errors.Interrupted.money)


def variables() -> Iterator[tuple[str, str]]:
    """Return every variable of piooy with its meaning."""
    helps = {name: field.metadata["help"] for name, field in Settings.__dataclass_fields__.items()}
    yield from ((variable, helps[name]) for variable, name in VARIABLES.items())
    yield from OTHER_VARIABLES.items()
