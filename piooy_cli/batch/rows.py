"""A row of a batch: its key, which identifies it in every run, and its order. Pure."""

import hashlib
import json
from typing import Any, NamedTuple

from piooy_cli.domain.models import Order
from piooy_cli.requests.builder import RequestSpec

_OWN = ("prompt", "model", "media", "provider", "scene", "images", "videos", "options")
_LISTED = ("mediaType", "scene", "provider", "model", "prompt", "options")


class BatchRow(NamedTuple):
    """A row as it is sent. `key` identifies it in every run; `spec`: a digest of its request.

    `n` counts the rows of the batch, `line` is where it stands in the manifest; `cell`: its place
    in a sweep, by axis; `name`: the node of a production.
    """

    n: int
    line: int
    key: str
    spec: bytes
    order: Order
    output: str | None = None
    cell: tuple[str, ...] = ()
    name: str = ""

    @property
    def shown(self) -> str:
        """The row as messages call it."""
        return self.name or (f"line {self.line}" if self.line else self.key)


def spec_of(fields: dict[str, Any]) -> RequestSpec:
    """Return the request of a manifest's row, before defaults apply."""
    return RequestSpec(
        media=fields.get("media"),
        model=fields.get("model"),
        provider=fields.get("provider"),
        scene=fields.get("scene"),
        prompt=fields.get("prompt", ""),
        images=tuple(fields.get("images", ())),
        videos=tuple(fields.get("videos", ())),
        options=fields.get("options", {}),
        tags=fields.get("tags", {}),
    )


def content_key(fields: dict[str, Any]) -> str:
    """Return the key of a row without an id: a digest of its content, whatever its line."""
    own = {name: fields[name] for name in _OWN if name in fields}
    return f"sha:{digest_of(own).hex()}"


def identity_of(asked: RequestSpec) -> dict[str, Any]:
    """Return what a request asks for: everything but its tags."""
    fields = asked._asdict() | {"options": dict(asked.options)}
    del fields["tags"]
    return fields


def spec_digest(asked: RequestSpec) -> bytes:
    """Return a digest of the request: rows with equal digests ask for the same."""
    return digest_of(identity_of(asked))


def order_to_text(order: Order) -> str:
    """Return an order as JSON, for the row store."""
    fields = order.to_dict() | ({"tags": dict(order.tags)} if order.tags else {})
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def order_from_text(text: str) -> Order:
    """Parse an order from the row store; earlier versions wrote a list of its fields."""
    fields = json.loads(text)
    if isinstance(fields, list):
        fields = dict(zip(_LISTED, fields, strict=True))
    return Order.from_dict(fields)._replace(tags=fields.get("tags", {}))


def digest_of(value: Any) -> bytes:
    """Return a digest of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
