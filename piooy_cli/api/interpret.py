"""What a response of the API means, and what may be retried, for POST and GET. Pure."""

from typing import Any, NamedTuple

from piooy_cli.api import schema
from piooy_cli.api.outcomes import Accepted, OutcomeUnknown, RateLimited, Rejected
from piooy_cli.api.response import Response
from piooy_cli.concurrency.backoff import retry_after
from piooy_cli.domain.errors import (
    NotFound,
    NotSignedIn,
    OverLimit,
    PiooyError,
    SubmissionUnknown,
    TaskFailed,
)
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import is_task_id

_EXCERPT = 200
_LONGEST = 300  # characters of a message
_NO_CREDIT = (
    "insufficient credit", "not enough credit", "out of credit", "no credits", "insufficient_quota",
    "exceeded your current quota", "insufficient balance", "insufficient_balance", "balance is not",
    "balance not enough", "exhausted balance", "billing", "payment required", "quota exceeded",
)  # fmt: skip
_NO_SIGN_IN = ("no auth", "please sign in", "invalid api key")
_TOO_MANY = ("concurrent task limit", "too many requests", "rate limit")
_KEY_HINTS = (
    Hint("config check", sentence="to check the key: {}"),
    Hint("config set-key", sentence="to store another one: {}"),
)
_REJECTED_HINTS = (
    "nothing was charged; --dry-run shows what would be sent",
    Hint("models", sentence="to list the known models: {}"),
)


class RetryLater(NamedTuple):
    """Retry later. `pause`: seconds that the server asks for; `tries`: at most, if limited."""

    reason: str
    pause: float | None = None
    limited: bool = False
    tries: int | None = None


def interpret_order(response: Response) -> Accepted | RateLimited | Rejected | OutcomeUnknown:
    """Return the outcome of an order. Only a response that proves a rejection counts as one.

    408, 409 and 425 may come from a proxy while the service works on the request, and so may 5xx.
    """
    status = response.status
    if 200 <= status < 300:
        return _order_envelope(response)
    if status == 429:
        reason = _message_of(response) or "too many requests"
        if _is_out_of_credit(response):
            return Rejected(_refusal(402, reason), status)
        return RateLimited(reason, retry_after(response.headers))
    if status in (307, 308):
        moved = TaskFailed(_answered(response, "the endpoint has moved"), "check base_url")
        return Rejected(moved, status)
    if 400 <= status < 500 and status not in (408, 409, 425):
        return Rejected(_refusal(status, _message_of(response)), status)
    return OutcomeUnknown(f"the API responded with HTTP {status}{_excerpt(response)}", status)


def interpret_task(response: Response, task_id: str) -> dict[str, Any] | RetryLater:
    """Return the task's data, or a retry. Raises the error that polling ends with."""
    status = response.status
    if 200 <= status < 300:
        return _task_envelope(response, task_id)
    message = _message_of(response)
    if status == 429:
        return RetryLater(
            message or "too many requests", retry_after(response.headers), limited=True
        )
    if status in (401, 403, 404):
        raise _poll_refusal(status, message, task_id)
    if status in (408, 409, 425) or status >= 500 or status < 300:
        return RetryLater(f"HTTP {status}{_excerpt(response)}", retry_after(response.headers))
    if 300 <= status < 400:
        raise TaskFailed(_answered(response, "it redirects"), "check base_url")
    return RetryLater(_answered(response, message), tries=3)


def interpret_contact(response: Response) -> RetryLater | None:
    """Return None if the message arrived, else when to retry. Raises the final error."""
    message = _message_of(response)
    if 200 <= response.status < 300:
        if _code_of(response) == "none":
            raise SubmissionUnknown(
                f"the message may have arrived: the response is not the API's{_excerpt(response)}"
            )
        if _code_of(response) in (0, None):
            return None
    if response.status == 429:
        return RetryLater(
            message or "too many requests", retry_after(response.headers), limited=True
        )
    if response.status >= 500 or response.status in (408, 409, 425):
        raise SubmissionUnknown(
            f"the API responded with HTTP {response.status}; the message may have arrived"
        )
    raise TaskFailed(_answered(response, message))


def _order_envelope(response: Response) -> Accepted | Rejected | OutcomeUnknown:
    """Return the outcome of HTTP 200. A task id counts whatever else the response says."""
    try:
        outer = schema.envelope(response.body)
    except ValueError as error:
        return OutcomeUnknown(f"{error}{_excerpt(response)}", response.status)
    data, code = outer.get("data"), outer.get("code")
    if isinstance(data, dict) and (task_id := schema.task_id(data)):
        if len(ids := schema.repeated_task_ids(response.body)) > 1:
            several = f"the API returned {len(ids)} task ids, {', '.join(ids)}; this is {task_id}"
            return Accepted(task_id, data, response.status, several)
        if code in (0, None):
            return Accepted(task_id, data, response.status)
        said = _message(outer) or repr(code)
        warning = f"the API responded {said}, but returned a task id as well"
        return Accepted(task_id, data, response.status, warning)
    if code == 0 or type(code) is not int:  # `true` is an int to isinstance
        return OutcomeUnknown(f"the API returned no task id{_excerpt(response)}", response.status)
    return Rejected(_refusal(200, _message(outer)), response.status)


def _task_envelope(response: Response, task_id: str) -> dict[str, Any] | RetryLater:
    try:
        outer = schema.envelope(response.body)
    except ValueError as error:
        return RetryLater(f"{error}{_excerpt(response)}")
    data, code = outer.get("data"), outer.get("code")
    if type(code) is int and code not in (0, 200):
        message = _message(outer)
        _raise_known_refusal(message, task_id)
        return RetryLater(f"the API responded {message or code!r}", tries=5)
    if not isinstance(data, dict):
        return RetryLater(f"the API returned no task id{_excerpt(response)}")
    if isinstance(other := data.get("id"), str) and other != task_id and is_task_id(other):
        return RetryLater(f"the API responded about another task, {other}")
    return data


def _is_out_of_credit(response: Response) -> bool:
    """Whether a refusal is for want of credit, in whichever field it says so."""
    said = response.body[:4096].decode("utf-8", "replace").lower()
    return any(word in said for word in _NO_CREDIT)


def _raise_known_refusal(message: str, task_id: str) -> None:
    low = message.lower()
    if "task not found" in low:
        raise _poll_refusal(404, message, task_id)
    if "no permission" in low:
        raise _poll_refusal(403, message, task_id)
    if any(word in low for word in _NO_SIGN_IN):
        raise _poll_refusal(401, message, task_id)


def _poll_refusal(status: int, message: str, task_id: str) -> PiooyError:
    if status == 404:
        return NotFound(
            f"task {task_id} was not found",
            "it may belong to another profile's account",
            task_id=task_id,
        )
    if status == 403:
        what = f"task {task_id} belongs to another key"
        return NotSignedIn(what, "use the profile or key that created it", task_id=task_id)
    tail = f": {message}" if message else ""
    return NotSignedIn(f"the API rejected the key{tail}", _KEY_HINTS, task_id=task_id)


def _refusal(status: int, message: str) -> PiooyError:
    low = message.lower().replace("'", "")
    tail = f": {message}" if message else ""
    if status == 402 or any(word in low for word in _NO_CREDIT):
        return OverLimit(f"out of credits{tail}", "nothing was charged; top up and run it again")
    if status == 401 or any(word in low for word in _NO_SIGN_IN):
        return NotSignedIn(f"the API rejected the key{tail}", ["nothing was charged", *_KEY_HINTS])
    if any(word in low for word in _TOO_MANY):
        return OverLimit(f"rate limited{tail}", "nothing was charged; run it again later")
    why = tail or f" with HTTP {status}"
    return TaskFailed(f"the API rejected the request{why}", _REJECTED_HINTS)


def _answered(response: Response, why: str) -> str:
    return f"the API responded with HTTP {response.status}" + (f": {why}" if why else "")


def _code_of(response: Response) -> Any:
    try:
        return schema.envelope(response.body).get("code")
    except ValueError:
        return "none"


def _message_of(response: Response) -> str:
    """Return the service's sentence in a body of any shape, or the beginning of a text."""
    try:
        return _message(schema.envelope(response.body))
    except ValueError:
        text = response.body[:_EXCERPT].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else " ".join(text.split())


def _message(outer: dict[str, Any]) -> str:
    """Return the service's sentence, under whichever key this part of it uses."""
    from piooy_cli.api.results.reasons import find_failure  # its patterns cost 2 ms

    own = {key: value for key, value in outer.items() if key != "data"}
    found = find_failure(own, outer.get("data"))
    text = found.message if found and found.message else ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _excerpt(response: Response) -> str:
    text = response.body[:_EXCERPT].decode("utf-8", "replace").strip()
    return f": {' '.join(text.split())}" if text else " without a body"
