"""Converting between the API's JSON and our models. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

from piooy_cli.api.safe_json import parse, utf8
from piooy_cli.domain.models import (
    FAILED,
    SUCCEEDED,
    Asset,
    Failure,
    Order,
    Task,
    TaskStatus,
    is_task_id,
)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def order_to_json(order: Order) -> bytes:
    """Return the body of a POST, with the contract's fields only."""
    return json.dumps(order.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()


def contact_to_json(email: str, content: str) -> bytes:
    """Return the body of the contact form's POST."""
    fields = {"email": email, "content": content}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def envelope(body: bytes) -> dict[str, Any]:
    """Return the response's outer object. Raises ValueError if there is none."""
    value = parse(body)
    if not isinstance(value, dict):
        raise ValueError("the response is not a JSON object")
    return value


def task_id(data: Any) -> str | None:
    """Return the id for polling: `taskId`, or `id` if only that is a UUID or present."""
    if not isinstance(data, dict):
        return None
    ours, row = (_id(data.get(key)) for key in ("taskId", "id"))
    if ours and row and _UUID.fullmatch(row) and not _UUID.fullmatch(ours):
        return row
    return ours or row


def repeated_task_ids(body: bytes) -> list[str]:
    """Return the ids that a response gives under one key: of several, JSON keeps the last."""
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.extend(one for key, value in pairs if key == "taskId" and (one := _id(value)))
        return dict(pairs)

    json.loads(body, object_pairs_hook=note)
    return list(dict.fromkeys(found))


def task_from_json(data: Mapping[str, Any], base_url: str, known: Task) -> Task:
    """Return a task from the API's data; what it leaves out is taken from the `known` task."""
    status = status_word(data.get("status"))
    done = status in SUCCEEDED
    return Task(
        id=known.id,
        status=status,
        media=_text(data.get("mediaType")) or known.media,
        scene=_text(data.get("scene")) or known.scene,
        provider=_text(data.get("provider")) or known.provider,
        model=_text(data.get("model")) or known.model,
        prompt=_text(data.get("prompt")) or known.prompt,
        options=known.options,
        tags=known.tags,
        created_at=known.created_at,
        accepted_at=known.accepted_at,
        size=known.size,
        failure=failure(data) if status in FAILED else None,
        assets=_assets(data, base_url, known) if done else (),
        raw=data,
    )


def _assets(data: Mapping[str, Any], base_url: str, known: Task) -> tuple[Asset, ...]:
    # Their patterns cost 2 ms, for ended tasks alone.
    from piooy_cli.api.results.finder import find_assets
    from piooy_cli.api.results.urls import urls_in

    return find_assets(data, base_url, urls_in([known.options, known.prompt]))


def status_word(value: Any) -> str:
    """Return the API's status in upper case; anything but a word counts as pending."""
    if not isinstance(value, str) or not value.strip():
        return TaskStatus.PENDING
    word = "_".join(utf8(value).upper().replace("-", " ").split())
    # Services put what was moderated before it: the request, the content, the output.
    return TaskStatus.CONTENT_MODERATED if word.endswith("MODERATED") else word


def failure(data: Mapping[str, Any]) -> Failure | None:
    """Return why the task failed, from wherever its provider puts it."""
    from piooy_cli.api.results.reasons import excerpt, find_failure

    places = (data.get("taskInfo"), data.get("taskResult"), _own_fields(data))
    if found := find_failure(*places):
        return found
    said = excerpt(data.get("taskInfo")) or excerpt(data.get("taskResult"))
    return Failure(None, said) if said and status_word(data.get("status")) in FAILED else None


def _own_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the API itself says about a task, without the parts that are looked at apart."""
    return {
        key: value for key, value in data.items() if key not in ("taskInfo", "taskResult", "id")
    }


def _text(value: Any) -> str | None:
    return utf8(value) if isinstance(value, str) and value else None


def _id(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and is_task_id(value) else None
