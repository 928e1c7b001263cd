"""Whether a file is what was saved, and whether its signature holds."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from piooy_cli.app.inspect import inspect_file
from piooy_cli.domain.escaping import escape

if TYPE_CHECKING:
    from piooy_cli.ledger.store import OrderStore

_INVALID = "does not hold"
_SHOWN = 200  # characters of a reason


def verify_file(store: "OrderStore | None", text: str) -> dict[str, Any]:
    """Return what the history and the signature say. Raises NotFound or UsageError."""
    record = inspect_file(store, text)
    history = _history(store, record)
    signature = _signature(Path(record["path"]), record["signed"])
    wrong = history.startswith("changed") or signature.startswith(_INVALID)
    return {
        "path": record["path"], "history": history, "signature": signature, "is_wrong": wrong,
        "id": record["id"], "n": record["n"],
    }  # fmt: skip


def _history(store: "OrderStore | None", record: dict[str, Any]) -> str:
    """Compare by the digest; a file whose recipe names a task that was saved has changed."""
    if record["id"]:
        return f"unchanged, task {record['id']}#{record['n']}"
    task = store.find(record["task"]) if store and record["task"] else None
    if task is None or store is None:
        return "unknown"
    saved = any(store.saved_file(task.id, asset.n) for asset in task.assets)
    return f"changed, task {task.id}" if saved else f"not saved here, task {task.id}"


def _signature(path: Path, kind: str | None) -> str:
    if kind != "C2PA":
        return "none" if kind is None else f"{kind}, not verified"
    if find_spec("c2pa") is None:
        return "C2PA, not verified: install piooy[c2pa]"
    try:
        return _c2pa_state(path)
    except Exception as error:  # noqa: BLE001 - the library may raise anything at a broken file
        return f"C2PA, cannot be read: {escape(str(error))[:_SHOWN]}"


def _c2pa_state(path: Path) -> str:
    """Return whether the signature holds. Who signed is not checked against a list of trust."""
    import json

    from c2pa import Reader  # type: ignore[import-not-found]  # the extra

    with Reader(str(path)) as reader:
        content = json.loads(reader.json())
    state = str(content.get("validation_state") or "")
    if state in ("Valid", "Trusted"):
        active = content.get("manifests", {}).get(content.get("active_manifest"), {})
        signer = (active.get("signature_info") or {}).get("issuer") or "unknown"
        return f"holds, signed by {escape(str(signer))[:_SHOWN]}"
    return f"{_INVALID} ({state or 'invalid'})"
