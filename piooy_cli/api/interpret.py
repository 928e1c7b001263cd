"""What an answer means: the table of what may be retried, for POST and for GET. Pure."""

from typing import Any, NamedTuple

from piooy_cli.api import schema
from piooy_cli.api.response import Response
from piooy_cli.api.safe_json import utf8
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
_NO_CREDIT = ("insufficient credit", "not enough credit", "out of credit", "no credits")
_NO_SIGN_IN = ("no auth", "please sign in", "invalid api key")
_TOO_MANY = ("concurrent task limit", "too many requests", "rate limit")
_KEY_HINTS = (
    Hint("config check", sentence="to check the key: {}"),
    Hint("config set-key", sentence="to store another one: {}"),
)
_REJECTED_HINTS = (
    "nothing was charged; --dry-run shows what would be sent",
    Hint("models", sentence="for the models that are known: {}"),
)
UNKNOWN_HINT = (
    "0 or 1 charge; it is never sent again by itself: look at your account before you repeat it"
)


class Accepted(NamedTuple):
    """The service has the order. `warning` where its answer was at odds with itself."""

    task_id: str
    data: dict[str, Any]
    warning: str = ""


class RetryLater(NamedTuple):
    """Not now. `pause`: the server's wish in seconds; `tries`: how often in all, None for ever."""

    reason: str
    pause: float | None = None
    limited: bool = False
    tries: int | None = None


def interpret_order(reply: Response) -> Accepted | RetryLater:
    """What became of a POST. Raises the error it ends with: refused for good, or unknown."""
    status = reply.status
    if 200 <= status < 300:
        return _judge_envelope(reply)
    if status == 429:
        return RetryLater(
            _said(reply) or "too many requests", retry_after(reply.headers), limited=True
        )
    if status in (307, 308):
        raise TaskFailed(_refused(reply, "its endpoint has moved"), "check base_url")
    if 400 <= status < 500 and status not in (408, 409, 425):
        raise _refusal(status, _said(reply))
    raise unknown_error(f"the API answered HTTP {status}{_quoted(reply)}")


def interpret_task(reply: Response, task_id: str) -> dict[str, Any] | RetryLater:
    """The task's data, or why to look again. Raises the error it ends with."""
    status = reply.status
    if 200 <= status < 300:
        return _judge_task(reply, task_id)
    said = _said(reply)
    if status == 429:
        return RetryLater(said or "too many requests", retry_after(reply.headers), limited=True)
    if status in (401, 403, 404):
        raise _look_refusal(status, said, task_id)
    if status in (408, 409, 425) or status >= 500 or status < 300:
        return RetryLater(f"HTTP {status}{_quoted(reply)}", retry_after(reply.headers))
    if 300 <= status < 400:
        raise TaskFailed(_refused(reply, "it redirects"), "check base_url")
    return RetryLater(_refused(reply, said), tries=3)


def interpret_contact(reply: Response) -> RetryLater | None:
    """None where the message has arrived."""
    said = _said(reply)
    if 200 <= reply.status < 300:
        if _code(reply) == "none":
            raise SubmissionUnknown(
                f"the message may have arrived: no API answered{_quoted(reply)}"
            )
        if _code(reply) in (0, None):
            return None
    if reply.status == 429:
        return RetryLater(said or "too many requests", retry_after(reply.headers), limited=True)
    if reply.status >= 500 or reply.status in (408, 409, 425):
        raise SubmissionUnknown(
            f"the API answered HTTP {reply.status}; the message may have arrived"
        )
    raise TaskFailed(_refused(reply, said))


def unknown_error(reason: str) -> SubmissionUnknown:
    """An order that may have been accepted; nobody here can know."""
    return SubmissionUnknown(
        f"the order may have been accepted, its answer was lost: {reason}", UNKNOWN_HINT
    )


def _judge_envelope(reply: Response) -> Accepted | RetryLater:
    try:
        outer = schema.envelope(reply.body)
    except ValueError as error:
        raise unknown_error(f"{error}{_quoted(reply)}") from None
    data, code, said = outer.get("data"), outer.get("code"), _message(outer)
    if isinstance(data, dict) and (task_id := schema.task_id(data)):
        warning = (
            ""
            if code in (0, None)
            else f"the API said {said or code!r}, and gave a task id all the same"
        )
        return Accepted(task_id, data, warning)
    if code == 0 or type(code) is not int:  # `true` is an int to isinstance
        raise unknown_error(f"the API named no task{_quoted(reply)}")
    raise _refusal(200, said)


def _judge_task(reply: Response, task_id: str) -> dict[str, Any] | RetryLater:
    try:
        outer = schema.envelope(reply.body)
    except ValueError as error:
        return RetryLater(f"{error}{_quoted(reply)}")
    data, code, said = outer.get("data"), outer.get("code"), _message(outer)
    if type(code) is int and code != 0:
        _raise_known_message(said, task_id)
        return RetryLater(f"the API said {said or code!r}", tries=5)
    if not isinstance(data, dict):
        return RetryLater(f"the API named no task{_quoted(reply)}")
    if isinstance(other := data.get("id"), str) and other != task_id and is_task_id(other):
        return RetryLater(f"the API answered for another task, {other}")
    return data


def _raise_known_message(said: str, task_id: str) -> None:
    low = said.lower()
    if "task not found" in low:
        raise _look_refusal(404, said, task_id)
    if "no permission" in low:
        raise _look_refusal(403, said, task_id)
    if any(word in low for word in _NO_SIGN_IN):
        raise _look_refusal(401, said, task_id)


def _look_refusal(status: int, said: str, task_id: str) -> PiooyError:
    if status == 404:
        return NotFound(f"no task {task_id}", "is it of this profile's account?", task_id=task_id)
    if status == 403:
        what = f"task {task_id} belongs to another key"
        return NotSignedIn(what, "use the profile or key that made it", task_id=task_id)
    tail = f": {said}" if said else ""
    return NotSignedIn(f"the API refused the key{tail}", _KEY_HINTS, task_id=task_id)


def _refusal(status: int, said: str) -> PiooyError:
    low = said.lower()
    tail = f": {said}" if said else ""
    if status == 402 or any(word in low for word in _NO_CREDIT):
        return OverLimit(f"out of credits{tail}", "nothing was charged; top up and run it again")
    if status == 401 or any(word in low for word in _NO_SIGN_IN):
        return NotSignedIn(f"the API refused the key{tail}", ["nothing was charged", *_KEY_HINTS])
    if any(word in low for word in _TOO_MANY):
        return OverLimit(f"over a limit{tail}", "nothing was charged; run it again later")
    why = tail or f" with HTTP {status}"
    return TaskFailed(f"the API refused the request{why}", _REJECTED_HINTS)


def _refused(reply: Response, why: str) -> str:
    return f"the API answered HTTP {reply.status}" + (f": {why}" if why else "")


def _code(reply: Response) -> Any:
    try:
        return schema.envelope(reply.body).get("code")
    except ValueError:
        return "none"


def _said(reply: Response) -> str:
    try:
        return _message(schema.envelope(reply.body))
    except ValueError:
        return ""


def _message(outer: dict[str, Any]) -> str:
    """The service's sentence, wherever this layer of it puts it."""
    for value in (outer.get("message"), outer.get("msg"), outer.get("error")):
        inner = value.get("message") if isinstance(value, dict) else value
        if isinstance(inner, str) and inner and inner != "ok":
            return utf8(inner[:1000])
    return ""


def _quoted(reply: Response) -> str:
    text = reply.body[:_EXCERPT].decode("utf-8", "replace").strip()
    return f": {' '.join(text.split())}" if text else " with no body"
