"""Parsing JSON safely, whatever a server may send. Pure."""

import json
from typing import Any, NoReturn

_MOST_VALUES = 11_000


def parse(body: bytes) -> Any:
    """Parse the JSON value in `body`. Raises ValueError, and nothing else, if it is not valid."""
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def unwrapped(value: Any) -> Any:
    """Decode JSON inside strings, up to three times: some services encode twice.

    It is more lenient than `parse`: what is only searched need not be perfect.
    """
    for _ in range(3):
        if not isinstance(value, str) or value.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", '"'):
            break
        try:
            value = json.loads(value.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            break
    return value


def is_too_large(value: Any) -> bool:
    """Whether a value holds more than any service returns, so that searching it takes seconds.

    Texts, objects and lists count, also those in JSON inside strings; numbers cost nothing.
    """
    stack, count = [value], 0
    while stack and count <= _MOST_VALUES:
        value = unwrapped(stack.pop())
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list | tuple):
            inner = [one for one in value if isinstance(one, str | dict | list)]
            count += len(inner)
            stack.extend(inner)
    return count > _MOST_VALUES


def utf8(text: str) -> str:
    """Replace lone surrogates, which JSON allows and nothing can store, by question marks."""
    return text.encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number
