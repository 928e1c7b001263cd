"""Which requests the sandbox answers: to its own Host, and not from foreign web pages. Pure."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

ANY = "*"
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(:[0-9]{1,5})?", re.ASCII)
_ORIGIN = re.compile(rf"https?://{_HOST.pattern}", re.ASCII)
_BYTE = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"
_LOOPBACK = re.compile(
    rf"https?://(localhost|127(\.{_BYTE}){{3}}|\[::1\])(:[0-9]{{1,5}})?", re.ASCII
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]*)", re.ASCII | re.IGNORECASE)
_CONTRACT = re.compile(r"/api/v1/(generate|contact|task/[^/]*)")
_CORS = (
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-expose-headers", b"retry-after"),
)


class Denied(NamedTuple):
    """Why a request is not answered, and with which status."""

    status: int
    message: str


class Access(NamedTuple):
    """`hosts`: accepted values of Host, None for any; `origins`: whose pages may use the API.

    Pages of this machine may always use it; `*` stands for those of everybody.
    """

    hosts: frozenset[str] | None = None
    origins: tuple[str, ...] = ()

    def denial(self, scope: Any) -> Denied | None:
        """Return why this request must not have an effect; None if it may."""
        given = _values(scope, b"host")
        if len(given) != 1:
            return Denied(421, "a request must have one Host header")
        absolute = _ABSOLUTE.match(scope["path"])
        for host in (*given, *(absolute.groups() if absolute else ())):
            if not self._is_own(host):
                hint = "use the URL that it printed, or start it with --allow-remote"
                return Denied(421, f"{host[:80]!r} is not this sandbox; {hint}")
        for origin in _values(scope, b"origin"):
            if not self._is_welcome(origin):
                hint = "start it with --cors ORIGIN"
                return Denied(403, f"pages of {origin[:80]!r} may not use this sandbox; {hint}")
        return None

    def cors(self, scope: Any) -> list[tuple[bytes, bytes]]:
        """Return the headers that let a page read a response: of the contract's endpoints only."""
        if not _CONTRACT.fullmatch(scope["path"]):
            return []
        if ANY in self.origins:
            return [(b"access-control-allow-origin", b"*"), *_CORS]
        vary, origin = (b"vary", b"origin"), _values(scope, b"origin")
        if len(origin) != 1 or not self._is_welcome(origin[0]):
            return [vary]
        return [vary, (b"access-control-allow-origin", origin[0].encode("latin-1")), *_CORS]

    def _is_own(self, host: str) -> bool:
        host = host.lower()
        return bool(_HOST.fullmatch(host)) and (self.hosts is None or host in self.hosts)

    def _is_welcome(self, origin: str) -> bool:
        known = ANY in self.origins or origin in self.origins
        return known or _LOOPBACK.fullmatch(origin) is not None


def own_hosts(host: str, port: int) -> frozenset[str]:
    """Return every Host by which a server at this address and port is meant."""
    bound = f"[{host}]" if ":" in host else host
    names = [bound.lower(), "localhost", "127.0.0.1", "[::1]"]
    plain = names if port == 80 else []
    return frozenset([*plain, *(f"{name}:{port}" for name in names)])


def parse_origins(texts: Sequence[str]) -> tuple[str, ...]:
    """Parse origins such as `http://app.test:3000`, or `*`. Raises ValueError."""
    for text in texts:
        if text != ANY and not _ORIGIN.fullmatch(text):
            raise ValueError(f"{text!r} is not an origin; such as http://app.test:3000, or '*'")
    return tuple(texts)


def _values(scope: Any, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]
