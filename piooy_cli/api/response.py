"""A complete response as plain data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from piooy_cli.api.httpx_lite import httpx


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
