"""Checking that a text can be sent in a request. Pure."""

import re

from piooy_cli.domain.errors import UsageError

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


LONGEST_PROMPT = 100_000  # bytes: twenty times what any known model reads


def check_text(text: str, what: str, most: int = LONGEST_PROMPT) -> str:
    """Return `text`. Raises UsageError if JSON or the server could not accept it."""
    if found := _UNSENDABLE.search(text):
        kind = "a NUL character" if found[0] == "\0" else "a byte that is not UTF-8"
        raise UsageError(f"the {what} contains {kind} at character {found.start()}")
    if (size := len(text.encode())) > most:
        raise UsageError(f"the {what} has {size:,} bytes", f"the limit is {most:,}")
    return text
