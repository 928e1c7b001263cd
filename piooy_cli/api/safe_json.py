"""Bytes to JSON values, guarded against whatever a server may send. Pure."""

import json
from typing import Any, NoReturn


def parse(body: bytes) -> Any:
    """The JSON value in `body`. Raises ValueError for anything that is none, however hostile."""
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None


def unwrapped(value: Any) -> Any:
    """`value` with JSON inside strings opened, up to three times: some services encode twice.

    More lenient than `parse`: what is only looked through need not be perfect.
    """
    for _ in range(3):
        if not isinstance(value, str) or value.lstrip("\ufeff \t\r\n")[:1] not in ("{", "[", '"'):
            break
        try:
            value = json.loads(value.lstrip("\ufeff"))
        except (ValueError, RecursionError):
            break
    return value


def utf8(text: str) -> str:
    """`text` as it can be stored: lone surrogates, which JSON allows, as question marks."""
    return text.encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number
