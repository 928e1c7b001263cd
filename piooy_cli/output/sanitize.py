"""Making untrusted text harmless: no control or invisible characters. Pure."""

import json
import re
import unicodedata

# The categories Cc, Cf, Cs, Zl and Zp of Unicode 15.1; then fillers, narrow spaces and variation
# selectors, which are invisible too, and what Unicode reserves for more of them.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u202f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_BREAKS = re.compile(r"(?<!\s)[^\S\r\n\t]*+[\r\n\t]\s*+")
_MAYBE_MARKS = re.compile(r"[^\w\s\x00-\x7f]{9,}")  # a superset of too many in a row
_MOST_MARKS = 8
LONGEST = 4000


def sanitize(text: str) -> str:
    """Return `text` as one line: control characters as `\\x1b`, line breaks as spaces.

    Of the combining marks in a row the first eight are kept: more cover the lines above and below.
    """
    text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return _MAYBE_MARKS.sub(_fewer_marks, _HOSTILE.sub(_escape, _BREAKS.sub(" ", text)))


def escaped_json(text: str) -> str:
    """Return JSON with control characters as JSON escapes, so that its value is unchanged."""
    return _HOSTILE.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _fewer_marks(match: re.Match[str]) -> str:
    kept, row = [], 0
    for character in match[0]:
        row = row + 1 if unicodedata.category(character)[0] == "M" else 0
        if row <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
