"""Draws lines below the cursor of a terminal and takes them away again; nothing else moves.

The cursor rests on an empty line above what is drawn. Whoever prints meanwhile, this process or the
next one in a pipe, prints there; the next drawing begins below it. So nothing is drawn over.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.text import Text

from piooy_cli.files import lock

_AT_ONCE, _SHOWN = "\x1b[?2026h", "\x1b[?2026l"  # one frame, where the terminal knows how
_CLEAR_BELOW, _CLEAR_LINE = "\r\x1b[J", "\x1b[K"
_SHOW_CURSOR = "\x1b[?25h"


class Screen:
    """Draws on one terminal, while no other process of ours does and this one is in front."""

    def __init__(
        self,
        console: Console,
        environ: Mapping[str, str],
        *,
        titled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._console = console
        self._bar = knows_task_bar(environ)
        self._titled = titled
        self._knows_titles = knows_titles(environ)
        self._title = ""
        self._claim: int | None = None
        self._drawn = False
        self._share: int | None = None

    def draw(self, lines: Sequence[Text], share: float | None, title: str = "") -> None:
        """Show these lines instead of those before; `share` in the task bar, where there is one."""
        if not self._may_draw():
            return
        with self._console.capture() as capture:
            for line in lines:
                self._console.print(line, end="\n", no_wrap=True, overflow="crop", soft_wrap=True)
        texts = capture.get().splitlines()
        below = "".join(f"\n{text}{_CLEAR_LINE}" for text in texts)
        up = f"\x1b[{len(texts)}A\r"
        beside = self._task_bar(share) + self._window_title(title)
        self._write(f"{_AT_ONCE}\r{_CLEAR_LINE}{below}\x1b[J{up}{beside}{_SHOWN}")
        self._drawn = True

    def clear(self) -> None:
        """Take away what is drawn; not where somebody else is in front by now."""
        if self._drawn:
            self._drawn = False
            if self._is_in_front():
                self._write(_CLEAR_BELOW)

    def close(self) -> None:
        """Leave the terminal as it was, and to others."""
        if self._claim is None:
            return
        self.clear()
        self._write(_SHOW_CURSOR + self._task_bar(None) + self._window_title(""))
        os.close(self._claim)
        self._claim = None

    def _may_draw(self) -> bool:
        """Whether the terminal is ours. Two that draw would wipe each other's lines, for ever."""
        if not self._is_in_front():
            return False
        if self._claim is None:
            self._claim = _claimed(self._console.file)
        return self._claim is not None

    def _is_in_front(self) -> bool:
        with suppress(OSError, AttributeError):
            return os.tcgetpgrp(self._console.file.fileno()) == os.getpgrp()
        return True

    def _task_bar(self, share: float | None) -> str:
        """OSC 9;4, where known to work: only what changes it."""
        percent = None if share is None else int(100 * share)
        if not self._bar or percent == self._share:
            return ""
        self._share = percent
        return "\x1b]9;4;0;\x07" if percent is None else f"\x1b]9;4;1;{percent}\x07"

    def _window_title(self, title: str) -> str:
        """The old one is kept on the terminal's own stack, and comes back at the end."""
        if not self._knows_titles or not self._titled() or title == self._title:
            return ""
        before, self._title = self._title, title
        if not title:
            return "\x1b]2;\x07\x1b[23;2t"
        return ("" if before else "\x1b[22;2t") + f"\x1b]2;{title}\x07"

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


def knows_task_bar(environ: Mapping[str, str]) -> bool:
    """Whether OSC 9;4 is progress here; older terminals show it as a notification."""
    if environ.get("TMUX") or environ.get("TERM", "").startswith(("screen", "tmux")):
        return False
    ptyxis = environ.get("PTYXIS_VERSION", "").partition(".")[0]
    return (
        "P" in environ.get("TERM_FEATURES", "")
        or environ.get("TERM_PROGRAM") in ("WezTerm", "ghostty")
        or bool(environ.get("WT_SESSION"))
        or environ.get("ConEmuANSI") == "ON"
        or (ptyxis.isascii() and ptyxis.isdecimal() and int(ptyxis) >= 48)
    )


def knows_titles(environ: Mapping[str, str]) -> bool:
    """Whether a title can be set here, and the old one be brought back."""
    known = ("xterm", "foot", "alacritty", "rxvt")
    inside = environ.get("TMUX") or environ.get("TERM_PROGRAM") == "Apple_Terminal"
    return not inside and environ.get("TERM", "").startswith(known)


def _claimed(stream: Any) -> int | None:
    """A descriptor that says that this process draws here; None where another one does."""
    try:
        claim = os.open(os.ttyname(stream.fileno()), os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return os.open(os.devnull, os.O_RDONLY)  # no such thing here: nobody can be asked
    with suppress(OSError):
        if lock(claim):
            return claim
    os.close(claim)
    return None
