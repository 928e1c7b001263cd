"""A whole answer, as plain data."""

from collections.abc import Mapping
from typing import NamedTuple


class Response(NamedTuple):
    """Status, headers with their names in lower case, and the body as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
