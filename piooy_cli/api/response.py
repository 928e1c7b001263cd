"""A complete response as plain data."""

from collections.abc import Mapping
from typing import NamedTuple


class Response(NamedTuple):
    """Status, headers with lower-case names, and the body as it arrived."""

    status: int
    headers: Mapping[str, str]
    body: bytes
