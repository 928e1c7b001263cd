"""What pages, help and README tell of exit codes and variables, from the code that decides it."""

from collections.abc import Iterator
from typing import NamedTuple

from piooy_cli.config.settings import OTHER_VARIABLES, VARIABLES, Settings
from piooy_cli.domain import errors

USUAL_VARIABLES = {
    "NO_COLOR": "no colour, whatever else is set",
    "FORCE_COLOR": "colour, also into a pipe",
    "CLICOLOR": "0: no colour",
    "CLICOLOR_FORCE": "as FORCE_COLOR, unless it is 0",
    "NO_HYPERLINKS": "no links on names of files",
    "TERM": "dumb, or none: no colour, no cursor movement, no links",
    "COLUMNS": "the width of the window",
    "VISUAL, EDITOR": "what `piooy config edit` opens",
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY": "the proxy",
    "NO_PROXY": "hosts that are reached without it; this machine always is",
    "SSL_CERT_FILE, SSL_CERT_DIR": "certificates to trust, instead of the bundled ones",
    "PYTHON_KEYRING_BACKEND": "the keyring to use, by the name of its class",
}


class ExitCode(NamedTuple):
    """One exit code as it is published."""

    number: int
    name: str
    meaning: str
    money: str


def exit_codes() -> Iterator[ExitCode]:
    """Every exit code, from the classes themselves."""
    yield ExitCode(0, "ok", "everything asked for was done and verified", "as expected")
    kinds: list[type[errors.PiooyError]] = [errors.PiooyError, *errors.PiooyError.__subclasses__()]
    for kind in sorted(kinds, key=lambda kind: kind.exit_code):
        if kind is not errors.Interrupted:
            yield ExitCode(kind.exit_code, kind.name, kind.meaning, kind.money)
    for number, signal in errors.SIGNALS.items():
        meaning = "stopped by it, cleanly"
        yield ExitCode(number, signal, meaning, errors.Interrupted.money)


def variables() -> Iterator[tuple[str, str]]:
    """Every variable of ours with what it does."""
    helps = {name: field.metadata["help"] for name, field in Settings.__dataclass_fields__.items()}
    yield from ((variable, helps[name]) for variable, name in VARIABLES.items())
    yield from OTHER_VARIABLES.items()
