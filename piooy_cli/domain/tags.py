"""Tags: what the user calls an order, such as `client=acme`; the service never sees them. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.text import is_blank

TagFilter = tuple[str, str | None]  # a name, and a value; None: any value

MOST_TAGS = 20  # of an order
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}", re.ASCII)
_LONGEST_VALUE = 200
_EXAMPLE = "write KEY=VALUE, for example: client=acme"


def tags_of(texts: Sequence[str]) -> dict[str, str]:
    """Parse `client=acme` and others. Raises UsageError."""
    return check_tags(_parsed(texts))


def changes_of(texts: Sequence[str]) -> dict[str, str]:
    """Parse changes of tags: as `tags_of`, but an empty value removes one. Raises UsageError."""
    changes = _parsed(texts)
    set_ = check_tags({name: value for name, value in changes.items() if value})
    return {_checked_name(name): "" for name in changes} | set_


def filter_of(text: str) -> TagFilter:
    """Parse `client=acme`, or `client` for any value. Raises UsageError."""
    name, sign, value = text.partition("=")
    return _checked_name(name), _checked_value(name, value) if sign else None


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of an order. Raises UsageError if one is wrong, or there are too many."""
    if len(tags) > MOST_TAGS:
        raise UsageError(f"an order has at most {MOST_TAGS} tags, not {len(tags):,}")
    return {_checked_name(name): _checked_value(name, value) for name, value in tags.items()}


def name_fault(name: str) -> str | None:
    """Return what is wrong with a name; None if nothing is."""
    if _NAME.fullmatch(name):
        return None
    rule = "it begins with a letter, and has at most 64 letters, digits, and . _ -"
    return f"{name[:80]!r} is not the name of a tag: {rule}"


def _parsed(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"tag {text[:80]!r} has no value", _EXAMPLE)
        if found.setdefault(name, value) != value:
            raise UsageError(f"tag {name[:80]!r} is given twice, with different values")
    return found


def _checked_name(name: str) -> str:
    if fault := name_fault(name):
        raise UsageError(fault, _EXAMPLE)
    return name


def _checked_value(name: str, value: str) -> str:
    """Return a value; what looks the same is the same, whether accents are parts or not."""
    value = unicodedata.normalize("NFC", value)
    if fault := _value_fault(value):
        raise UsageError(f"tag {name}: the value {fault}", _EXAMPLE)
    return value


def _value_fault(value: str) -> str | None:
    if not value:
        return "is empty"
    if len(value) > _LONGEST_VALUE:
        return f"has {len(value):,} characters; the limit is {_LONGEST_VALUE}"
    if value != value.strip():
        return "begins or ends with a space"
    hidden = next((n for n, c in enumerate(value, 1) if not _is_shown(c)), None)
    return f"contains a character that cannot be seen, at {hidden}" if hidden else None


def _is_shown(character: str) -> bool:
    """Whether a character has ink, or is a space within a line."""
    category = unicodedata.category(character)
    return category == "Zs" or not (category == "Cs" or is_blank(character))
