"""What a stream can do: whether it is a terminal, with color and links."""

from collections.abc import Mapping
from typing import Any


def wants_color(stream: Any, environ: Mapping[str, str], choice: str = "auto") -> bool:
    """Whether to use color: by option, NO_COLOR, the forcing variables, then the terminal."""
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
    """Whether to print file names as links: on a terminal, unless disabled."""
    if choice in ("always", "never"):
        return choice == "always"
    plain = environ.get("NO_HYPERLINKS") or is_dumb(environ) or environ.get("TERM") == "linux"
    return not plain and is_terminal(stream)


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal cannot move its cursor; one without a name counts as dumb."""
    return environ.get("TERM", "dumb") in ("dumb", "unknown", "")


def is_terminal(stream: Any) -> bool:
    """Whether `stream` is a terminal. A closed stream is None in Python."""
    return stream is not None and not stream.closed and bool(stream.isatty())
