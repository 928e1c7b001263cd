"""Text on a contact sheet: styles, the font, and wrapping."""

import math
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from PIL import ImageFont

_LONGEST_TEXT = 400

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Label = tuple[tuple[str, str], ...]  # names of axes with their values


class _Style(NamedTuple):
    size: int
    color: tuple[int, int, int]
    height: int


NAME = _Style(12, (136, 136, 136), 16)
_NEXT_NAME = NAME._replace(height=24)
VALUE = _Style(15, (64, 64, 64), 20)
NOTE = _Style(13, (120, 120, 120), 17)


class _Line(NamedTuple):
    """A line of text, measured."""

    text: str
    style: _Style
    font: _Font
    width: float


TextBlock = list[_Line]


class Fonts:
    """Wraps text in Pillow's own font, which has little more than ASCII."""

    def __init__(self) -> None:
        self._fonts: dict[int, _Font] = {}
        self._known: dict[tuple[str, _Style, int, int], TextBlock] = {}

    def lines(self, text: str, style: _Style, width: int, most: int) -> TextBlock:
        """Wrap text into at most `most` lines; the rest is replaced by an ellipsis."""
        key = (text, style, width, most)
        if key not in self._known:
            self._known[key] = self._measured(_cleaned(text), style, width, most)
        return self._known[key]

    def _measured(self, text: str, style: _Style, width: int, most: int) -> TextBlock:
        font = self._font(style.size)
        texts = _wrapped(text, width, most, font.getlength)
        return [_Line(line, style, font, font.getlength(line)) for line in texts]

    def label(self, label: Label, width: int) -> TextBlock:
        """Return the name of each axis above its value."""
        lines: TextBlock = []
        for name, value in label:
            lines += self.lines(name, _NEXT_NAME if lines else NAME, width, 1)
            lines += self.lines(value, VALUE, width, 2)
        return lines

    def _font(self, size: int) -> _Font:
        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(size)
        return self._fonts[size]


def height(block: TextBlock) -> int:
    """Return the height of a block of text."""
    return sum(line.style.height for line in block)


def _cleaned(text: str) -> str:
    """Return text as one line without invisible characters."""
    more = "…" if len(text) > _LONGEST_TEXT else ""
    seen = (character if character.isprintable() else " " for character in text[:_LONGEST_TEXT])
    return " ".join("".join(seen).split()) + more


def _wrapped(text: str, width: int, most: int, length: Callable[[str], float]) -> list[str]:
    """Break text at spaces, or inside a word that is too long."""
    lines: list[str] = []
    while (count := _fitting(text, width, length)) < len(text):
        if len(lines) + 1 >= most:
            return [*lines, _shortened(text, width, length)]
        space = text.rfind(" ", count // 3 + 1, count + 1)
        cut = space if space > 0 else count
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text] if text else lines


def _shortened(text: str, width: int, length: Callable[[str], float]) -> str:
    """Shorten a line that does not fit, with an ellipsis."""
    kept = _fitting(text, width, lambda part: length(f"{part.rstrip()}…"))
    return f"{text[:kept].rstrip()}…"


def _fitting(text: str, width: int, length: Callable[[str], float]) -> int:
    """Return how many first characters fit into one line, at least one."""
    counts = range(1, len(text) + 1)
    return max(bisect_right(counts, width, key=lambda count: math.ceil(length(text[:count]))), 1)
