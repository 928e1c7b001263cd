"""Making untrusted text harmless: no control or invisible characters. Pure."""

import json
import re

# Control characters, DEL, C1, soft hyphen, bidi and zero-width marks, line and paragraph
# separators, surrogates, variation selectors, BOM, interlinear marks, and the tags block.
_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BREAKS = re.compile(r"\s*[\r\n\t]+\s*")
LONGEST = 4000


def sanitize(text: str) -> str:
    """Return `text` as one line: control characters as `\\x1b`, line breaks as spaces."""
    text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return _HOSTILE.sub(_escape, _BREAKS.sub(" ", text))


def escaped_json(text: str) -> str:
    """Return JSON with control characters as JSON escapes, so that its value is unchanged."""
    return _HOSTILE.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
