"""Drawing lines below the cursor of a terminal, and removing them; nothing else moves.

The cursor rests on an empty line above the drawing. Output that arrives meanwhile, from this
process or the next one in a pipe, is printed there, and the next drawing begins below it.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.text import Text

from piooy_cli.files.locks import lock

_AT_ONCE, _SHOWN = "\x1b[?2026h", "\x1b[?2026l"  # one frame, where the terminal knows how
_CLEAR_BELOW, _CLEAR_LINE = "\r\x1b[J", "\x1b[K"
_SHOW_CURSOR = "\x1b[?25h"


class Screen:
    """Draws on a terminal, unless another piooy process does or this one is in the background."""

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
        """Replace the drawn lines; show `share` in the task bar, if there is one."""
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
        """Remove the drawn lines, unless this process is in the background by now."""
        if self._drawn:
            self._drawn = False
            if self._is_in_front():
                self._write(_CLEAR_BELOW)

    def close(self) -> None:
        """Restore the terminal, and let others draw."""
        if self._claim is None:
            return
        self.clear()
        self._write(_SHOW_CURSOR + self._task_bar(None) + self._window_title(""))
        os.close(self._claim)
        self._claim = None

    def _may_draw(self) -> bool:
        """Whether this process may draw: two would erase each other's lines."""
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
        """Set the task bar's progress (OSC 9;4) if it has changed and the terminal supports it."""
        percent = None if share is None else int(100 * share)
        if not self._bar or percent == self._share:
            return ""
        self._share = percent
        return "\x1b]9;4;0;\x07" if percent is None else f"\x1b]9;4;1;{percent}\x07"

    def _window_title(self, title: str) -> str:
        """Set the window title; the old one is kept on the terminal's stack and restored."""
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
    """Whether OSC 9;4 means progress; older terminals show it as a notification."""
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
    """Whether the window title can be set and restored."""
    known = ("xterm", "foot", "alacritty", "rxvt")
    inside = environ.get("TMUX") or environ.get("TERM_PROGRAM") == "Apple_Terminal"
    return not inside and environ.get("TERM", "").startswith(known)


def _claimed(stream: Any) -> int | None:
    """Return a descriptor that claims the terminal; None if another process has it."""
    try:
        claim = os.open(os.ttyname(stream.fileno()), os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return os.open(os.devnull, os.O_RDONLY)  # not possible here: assume that no one else draws
    with suppress(OSError):
        if lock(claim):
            return claim
    os.close(claim)
    return None
