"""Characters that act on a terminal or cannot be seen, and their escapes. Pure.

Text from outside passes through here before it is printed or written.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from piooy_cli.domain.errors import UsageError

# The categories Cc, Cf, Cs, Zl and Zp of Unicode 15.1; then fillers, narrow spaces and variation
# selectors, which are invisible too, and what Unicode reserves for more of them.
HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u202f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_IN_TEXT = "\n\t"
# Joiners of letters and emoji too, and bytes that are not UTF-8 (but those of control characters).
_SELECTORS = "\ufe0e\ufe0f"  # of emoji
_IN_NAMES = "\u200c\u200d" + _SELECTORS + "".join(map(chr, range(0xDCA0, 0xDD00)))
_MAYBE_MARKS = re.compile(r"[^\w\s\x00-\x7f]{9,}")  # a superset of too many in a row
_MOST_MARKS = 8


def escape(text: str) -> str:
    """Return `text` with hostile characters as `\\x1b`, except for newlines and tabs."""
    return _escaped_but(_IN_TEXT, text, escaped)


def escape_name(text: str) -> str:
    """Return one line with hostile characters as `\\x1b`, except for those that file names use."""
    return _escaped_but(_IN_NAMES, text, escaped)


def json_text(value: Any) -> str:
    """Return compact JSON, on one line, with hostile characters as JSON escapes."""
    return escaped_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def spaced_json(value: Any, indent: int | None = None) -> str:
    """Return JSON with spaces, on one line unless indented, as `json_text` escapes it."""
    return escaped_json(json.dumps(value, ensure_ascii=False, indent=indent))


def escaped_json(text: str) -> str:
    """Return JSON with hostile characters as JSON escapes, so that its value is unchanged."""
    if text.isascii() and "\x7f" not in text:
        return text  # the others of ASCII are escaped in any JSON
    return _escaped_but(_IN_TEXT, text, _json_escaped)


def fewer_marks(text: str, rest: Callable[[str], str]) -> str:
    """Apply `rest` to combining marks after eight in a row: more cover the lines around."""
    return _MAYBE_MARKS.sub(lambda match: _few(match[0], rest), text)


def drop(text: str) -> str:
    """Return `text` without hostile characters, for a new name of a file."""
    kept = HOSTILE.sub(lambda match: match[0] if match[0] in _SELECTORS else "", text)
    return fewer_marks(kept, lambda mark: "")


def check_path(path: str, option: str) -> str:
    """Return a path to write to. Raises UsageError if its name cannot be printed as it is."""
    if escape_name(path) != path:
        raise UsageError(
            f"{option}: {path[:60]!r} contains control or invisible characters",
            "choose another name",
        )
    return path


def _escaped_but(kept: str, text: str, escape: Callable[[str], str]) -> str:
    return fewer_marks(
        HOSTILE.sub(lambda match: match[0] if match[0] in kept else escape(match[0]), text), escape
    )


def _few(text: str, rest: Callable[[str], str]) -> str:
    kept, row = [], 0
    for character in text:
        row = row + 1 if unicodedata.category(character)[0] == "M" else 0
        kept.append(character if row <= _MOST_MARKS else rest(character))
    return "".join(kept)


def escaped(character: str) -> str:
    """Return the escape of a character, as Python writes it."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escaped(character: str) -> str:
    return json.dumps(character)[1:-1]
