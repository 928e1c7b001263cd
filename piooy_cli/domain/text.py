"""Text that leaves this process, checked before it is sent. Pure."""

import json
import re
import unicodedata
from typing import Any, NoReturn

from piooy_cli.domain.errors import UsageError

_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and a symbol without any ink
_MOST_DOTS = 300  # in a line: tomllib needs quadratic time for the parts of a key
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


LONGEST_PROMPT = 100_000  # bytes: twenty times what any known model reads


def parse_json(text: str) -> Any:
    """Parse JSON that the user wrote: without NaN, Infinity and duplicate keys.

    Raises ValueError or RecursionError.
    """
    return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML from outside. Raises ValueError."""
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n")):
        raise ValueError(
            f"a line has more than {_MOST_DOTS} dots; a long text may have several lines between"
            ' """'
        )
    import tomllib  # 2 ms that most commands do not need

    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_blank(text: str) -> bool:
    """Whether nothing in a text is visible: spaces, control, format and filler characters."""
    return all(unicodedata.category(c) in _INVISIBLE or c in _FILLERS for c in text)


def check_text(text: str, what: str, most: int = LONGEST_PROMPT) -> str:
    """Return `text`. Raises UsageError if JSON or the server could not accept it."""
    if found := _UNSENDABLE.search(text):
        kind = "a NUL character" if found[0] == "\0" else "a byte that is not UTF-8"
        raise UsageError(f"the {what} contains {kind} at character {found.start()}")
    if (size := len(text.encode())) > most:
        raise UsageError(f"the {what} has {size:,} bytes", f"the limit is {most:,}")
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:60]!r} occurs twice")
    return found
