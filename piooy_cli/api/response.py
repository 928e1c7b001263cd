"""A complete response as plain data."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.api.exceptions import AnswerLost
from piooy_cli.domain.redaction import redact

if TYPE_CHECKING:
    from piooy_cli.api.httpx_lite import httpx

_SENT_BACK = frozenset({"etag", "last-modified"})
_COMPRESSIONS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"})


class Response(NamedTuple):
    """Status, headers with lower-case names, and the body as it arrived."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def plain_headers(headers: "httpx.Headers") -> dict[str, str]:
    """Return headers by lower-case name, joined like httpx, which would guess an encoding."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.lower().decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def clean_headers(headers: dict[str, str], secrets: Sequence[str]) -> dict[str, str]:
    """Return headers without the key; what would be sent back with it is left out."""
    clean = {name: redact(value, secrets) for name, value in headers.items()}
    return {
        name: value
        for name, value in clean.items()
        if value == headers[name] or name not in _SENT_BACK
    }


def refuse_encoding(headers: Mapping[str, str]) -> None:
    """Raise AnswerLost if the body is compressed: bytes were requested as they are."""
    if is_encoded(headers):
        raise AnswerLost("the response is compressed, although it was requested uncompressed")


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Whether the body is compressed.

    Other words change no bytes: object storage sends back the `aws-chunked` of an upload.
    """
    words = headers.get("content-encoding", "").lower().split(",")
    return any(word.strip() in _COMPRESSIONS for word in words)
