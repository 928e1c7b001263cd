"""Notifications that a run is done, through the terminal or the desktop."""

import html
from collections.abc import Mapping
from contextlib import suppress

from piooy_cli import programs
from piooy_cli.output.sanitize import sanitize

_LONGEST = 200
_SECONDS = 5


def sequence(title: str, body: str, environ: Mapping[str, str]) -> str:
    """Return the sequence for a notification in this terminal; a bell if it has none.

    OSC 99: kitty. OSC 777: ghostty, WezTerm, foot, urxvt. OSC 9: iTerm2 only.
    """
    title, body = _plain(title), _plain(body)
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if "KITTY_WINDOW_ID" in environ or term == "xterm-kitty":
        return _through(f"\x1b]99;;{title}: {body}\x1b\\", environ)
    if program in ("ghostty", "WezTerm") or term.startswith(("foot", "rxvt", "xterm-ghostty")):
        return _through(f"\x1b]777;notify;{title};{body}\x1b\\", environ)
    if program == "iTerm.app" or environ.get("LC_TERMINAL") == "iTerm2":
        return _through(f"\x1b]9;{title}: {body}\x1b\\", environ)
    return "\a"


def on_desktop(title: str, body: str) -> None:
    """Notify through the desktop, if there is one."""
    text = html.escape(_plain(body), quote=False)  # desktops take a body for markup
    command = ["notify-send", "--app-name=piooy", "--", _plain(title), text]
    with suppress(OSError):
        programs.run(*command, quiet=True, timeout=_SECONDS)


def _plain(text: str) -> str:
    """Return text that cannot end the sequence or a field."""
    return sanitize(text).replace(";", ",")[:_LONGEST]


def _through(text: str, environ: Mapping[str, str]) -> str:
    """Wrap a sequence for tmux, which passes nothing else on."""
    if not environ.get("TMUX"):
        return text
    return f"\x1bPtmux;{text.replace(chr(27), chr(27) * 2)}\x1b\\"
