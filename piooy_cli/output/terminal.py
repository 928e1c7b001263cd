"""What a stream is: a terminal or not, coloured or not."""

from collections.abc import Mapping
from typing import Any


def wants_color(stream: Any, environ: Mapping[str, str], choice: str = "auto") -> bool:
    """Option, then NO_COLOR, then what forces it, then the terminal; each stream for itself."""
    if choice in ("always", "never"):
        return choice == "always"
    if environ.get("NO_COLOR") or environ.get("PIOOY_NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR") or environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    if environ.get("CLICOLOR") == "0" or is_dumb(environ):
        return False
    return is_terminal(stream)


def wants_links(stream: Any, environ: Mapping[str, str], choice: str = "auto") -> bool:
    """Whether names of files lead to them: on a terminal, unless somebody said no."""
    if choice in ("always", "never"):
        return choice == "always"
    plain = environ.get("NO_HYPERLINKS") or is_dumb(environ) or environ.get("TERM") == "linux"
    return not plain and is_terminal(stream)


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal cannot move its cursor; one that has no name counts as such."""
    return environ.get("TERM", "dumb") in ("dumb", "unknown", "")


def is_terminal(stream: Any) -> bool:
    """Whether `stream` is a terminal. A closed stream is None in Python."""
    return stream is not None and not stream.closed and bool(stream.isatty())
