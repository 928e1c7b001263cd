"""Reading the JSON of a request within a budget of bytes, of values and of depth."""

import json
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

from starlette.requests import Request

_MOST_BYTES = 64 << 20
_MOST_PLAIN = 1 << 20  # without inline files
_MOST_VALUES = 200_000
_DEEPEST = 64
_INLINE = re.compile(rb'"data:[^",]{0,200}+,((?:[\w+/=-]++|\\/)*+)')
_ALL_BUT_SEPARATORS = bytes(set(range(256)) - set(b"[{,:"))


class BodyRefused(ValueError):
    """The body is not accepted: why, and the status of the response."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def json_body(request: Request) -> Any:
    """Return the JSON of the body. Raises BodyRefused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BodyRefused("content-type must be application/json")
    value = _parsed(await _received(request))
    _check_values(value)
    return value


async def _received(request: Request) -> bytearray:
    """Return the bytes. One that is too large is not read to its end."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or len(announced) > 18 or int(announced) > _MOST_BYTES:
        raise _too_large()
    received, due = bytearray(), 2 * _MOST_PLAIN
    async for chunk in request.stream():
        received += chunk
        if len(received) > due:  # doubled each time: all checks together read twice what one does
            _check_size(received)
            due = min(2 * due, _MOST_BYTES)
    _check_size(received)
    return received


def _check_size(body: bytearray) -> None:
    if len(body) > _MOST_BYTES:
        raise _too_large()
    inline = sum(match.end(1) - match.start(1) for match in _INLINE.finditer(body))
    if len(body) - inline > _MOST_PLAIN:
        raise _too_large()


def _too_large() -> BodyRefused:
    sizes = f"{_MOST_PLAIN >> 20} MiB, with inline files {_MOST_BYTES >> 20} MiB"
    return BodyRefused(f"the body is too large; the limit is {sizes}", 413)


def _parsed(body: bytearray) -> Any:
    """Parse, unless it has so many values that they would take much more memory than the text."""
    if len(body.translate(None, _ALL_BUT_SEPARATORS)) > _MOST_VALUES:
        raise BodyRefused("the JSON has too many values")
    try:
        text = body.decode("utf-8")
        body.clear()
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BodyRefused("invalid JSON") from None


def _check_values(value: Any) -> None:
    """Raise BodyRefused for deep nesting, and for text that is not Unicode."""
    level = [value]
    for _ in range(_DEEPEST):
        if not all(map(_is_unicode, level)):
            raise BodyRefused("invalid JSON")
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise BodyRefused("the JSON is nested too deeply")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return chain(value, value.values())
    return value if isinstance(value, list) else ()


def _is_unicode(value: Any) -> bool:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
    return True


def _refuse(name: str) -> Any:
    raise ValueError(name)
