"""Finding the sentence that says why something failed, wherever a service puts it. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from piooy_cli.api.results.keys import meaning
from piooy_cli.api.results.urls import has_url
from piooy_cli.api.safe_json import is_too_large, unwrapped, utf8
from piooy_cli.domain.models import Failure

# Keys of sentences, the most telling first; names without case and separators.
_SENTENCES = (
    "errormessage errormsg errmsg failmsg failmessage failreason failurereason failuremessage"
    " taskstatusmsg statusmsg statusmessage blockreasonmessage finishmessage rawmessage message msg"
    " detail details errordescription reason error errors blockreason finishreason"
    " moderationreason errorinfo errordetail failure fail"
).split()
# They say something of an error only inside one, or in a problem document (RFC 9457).
_INSIDE_ERRORS = "description text info title name type".split()
_CODES = "errorcode errcode failcode failurecode taskstatuscode code".split()
_ERRORS = frozenset(
    "error errors err failure fail baseresp detail details promptfeedback exception problem".split()
)
_NO_REASONS = frozenset({"", "ok", "success", "succeeded", "none", "null", "stop", "completed"})
_ECHOES = frozenset({"prompt", "options", "title", "lyrics", "content"})
_DEEPEST = 8
_EXCERPT = 200


class _Said(NamedTuple):
    rank: tuple[int, int, int]  # inside an error or not, which key, how deep
    text: str
    code: str | None


def find_failure(*places: Any) -> Failure | None:
    """Return the reason in the first of these places that says one, with its code."""
    if is_too_large(places):
        return None
    for place in places:
        said = sorted(_walk(unwrapped(place), 0, inside=False), key=lambda one: one.rank)
        if said:
            code = said[0].code or next((one.code for one in said if one.code), None)
            return Failure(code, said[0].text)
    code = next(filter(None, map(_code_in, map(unwrapped, places))), None)
    return Failure(code, None) if code else None


def find_failed_results(data: Mapping[str, Any]) -> tuple[int, int, str] | None:
    """Return how many of a task's results failed, of how many, and why; None if none did.

    Services that make several results in one task list the failures among the files.
    """
    stack: list[Any] = [data.get("taskResult"), data.get("taskInfo")]
    if is_too_large(stack):
        return None
    while stack:
        value = unwrapped(stack.pop())
        if isinstance(value, dict):
            stack.extend(inner for key, inner in value.items() if not meaning(key).is_input)
        elif isinstance(value, list):
            failures = [one for one in value if _is_failure(one)]
            if failures and any(has_url(one) for one in value):
                found = find_failure(*failures)
                return len(failures), len(value), (found.message or "") if found else ""
            stack.extend(value)
    return None


def excerpt(value: Any) -> str:
    """Return the first 200 characters of what was said, for want of a sentence."""
    value = unwrapped(value)
    if value in (None, "", [], {}):
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return utf8(" ".join(text.split())[:_EXCERPT])


def _walk(value: Any, depth: int, *, inside: bool) -> Iterator[_Said]:
    """Yield every sentence in or below `value`. `inside`: of an object that is an error."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _walk(unwrapped(one), depth + 1, inside=inside)
    if not isinstance(value, dict):
        return
    inside = inside or _is_problem(value)
    code = _code_in(value)
    for key, inner in value.items():
        name, inner = meaning(key).name, unwrapped(inner)
        echoed = meaning(key).is_input and name not in _ERRORS
        if echoed or (name in _ECHOES and not inside):
            continue
        if isinstance(inner, str):
            if (rank := _rank(name, inside)) is not None and (text := _sentence(inner)):
                yield _Said((0 if inside else 1, rank, depth), text, code)
        elif isinstance(inner, list) and name in _ERRORS and all(isinstance(x, str) for x in inner):
            if text := _sentence("; ".join(inner)):
                yield _Said((0, len(_SENTENCES), depth), text, code)
        else:
            yield from _walk(inner, depth + 1, inside=inside or name in _ERRORS)


def _is_failure(value: Any) -> bool:
    """Whether an item of a list is a failure instead of a file."""
    value = unwrapped(value)
    return isinstance(value, dict) and not has_url(value) and find_failure(value) is not None


def _is_problem(value: Mapping[str, Any]) -> bool:
    """Whether an object is a problem document (RFC 9457)."""
    return "title" in value and "status" in value and ("type" in value or "detail" in value)


def _rank(name: str, inside: bool) -> int | None:
    if name in _SENTENCES:
        return _SENTENCES.index(name)
    if inside and name in _INSIDE_ERRORS:
        return len(_SENTENCES) + _INSIDE_ERRORS.index(name)
    return None


def _sentence(text: str) -> str:
    text = utf8(text).strip()
    return "" if text.lower() in _NO_REASONS else text


def _code_in(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    named = {meaning(key).name: inner for key, inner in value.items()}
    for name in _CODES:
        code = named.get(name)
        if isinstance(code, int) and not isinstance(code, bool) and code not in (0, 200):
            return str(code)
        if isinstance(code, str) and code and code not in ("0", "200"):
            return utf8(code)
    return None
