"""Text that a request can carry. Pure."""

import re

from piooy_cli.domain.errors import UsageError

_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


LONGEST_PROMPT = 100_000  # bytes: twenty times what any known model reads


def check_text(text: str, what: str, most: int = LONGEST_PROMPT) -> str:
    """`text` as it is, or UsageError where JSON or a server could not take it."""
    if found := _UNSENDABLE.search(text):
        kind = "a NUL" if found[0] == "\0" else "a byte that is no UTF-8"
        raise UsageError(f"the {what} has {kind} at character {found.start()}")
    if (size := len(text.encode())) > most:
        raise UsageError(f"the {what} has {size:,} bytes", f"at most {most:,} are sent")
    return text
