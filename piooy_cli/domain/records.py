"""The record that `--json` prints: one object for a task, its keys only ever added to. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.escaping import json_text
from piooy_cli.domain.models import Asset, SavedFile, Task

RECORD_FIELDS = (
    "id", "status", "media_type", "scene", "provider", "model", "prompt", "options", "tags",
    "created_at", "settled_at", "error", "assets", "ref",
)  # fmt: skip


def task_record(task: Task, saved: Iterable[SavedFile] | None = None) -> dict[str, Any]:
    """Return the record of a task; with `saved`, only of these assets."""
    failure = task.failure
    assets = (
        [_asset(asset, None) for asset in task.assets]
        if saved is None
        else [_asset(file.asset, file) for file in saved]
    )
    named = {"ref": task.ref} if task.ref else {}
    return named | {
        "id": task.id or None,
        "status": task.status,
        "media_type": task.media,
        "scene": task.scene,
        "provider": task.provider,
        "model": task.model,
        "prompt": task.prompt,
        "options": None if task.options is None else dict(task.options),
        "tags": dict(task.tags),
        "created_at": _time(task.created_at),
        "settled_at": _time(task.settled_at),
        "error": {"code": failure.code, "message": failure.message} if failure else None,
        "assets": assets,
    }


def shown_record(
    task: Task, files: Iterable[SavedFile], fields: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the record of a task with all assets, and their files on this disk."""
    saved = {file.asset.n: file for file in files}
    record = task_record(task)
    record["assets"] = [_asset(asset, saved.get(asset.n)) for asset in task.assets]
    return {name: record.get(name) for name in fields} if fields else record


def cells(record: Mapping[str, Any]) -> list[str]:
    """Return the values of a record as text: empty for null, JSON for lists and objects."""
    return [
        "" if value is None else value if isinstance(value, str) else json_text(value)
        for value in record.values()
    ]


def error_record(error: PiooyError) -> dict[str, Any]:
    """Return the record of an error, for the last line of stderr."""
    return {
        "error": {
            "code": error.slug,
            "exit": error.code,
            "message": error.message,
            "hint": error.hint() or None,
            "task_id": error.task_id,
        }
        | ({"task_ids": list(error.ids)} if error.ids else {})
    }


def stored_json(record: Any) -> str:
    """Return one line of JSON for digests and private files, where its text must never change.

    Lone surrogates are escaped, since UTF-8 cannot carry them.
    """
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":"))
    return text


def _asset(asset: Asset, file: SavedFile | None) -> dict[str, Any]:
    return {
        "n": asset.n,
        "url": asset.url,
        "kind": str(asset.kind),
        "role": str(asset.role),
        "path": file.path if file else None,
        "bytes": file.bytes if file else None,
        "sha256": file.sha256 if file else None,
        "arrived_sha256": file.arrived if file else None,
        "delivered": file.delivery.to_dict() if file and file.delivery else None,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
