"""Making untrusted text harmless: no control or invisible characters. Pure."""

import re

from piooy_cli.domain.escaping import HOSTILE, escaped, fewer_marks

_BREAKS = re.compile(r"(?<!\s)[^\S\r\n\t]*+[\r\n\t]\s*+")
LONGEST = 4000


def sanitize(text: str) -> str:
    """Return `text` as one line: control characters as `\\x1b`, line breaks as spaces.

    Of the combining marks in a row the first eight are kept.
    """
    text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    line = HOSTILE.sub(lambda match: escaped(match[0]), _BREAKS.sub(" ", text))
    return fewer_marks(line, lambda mark: "")
