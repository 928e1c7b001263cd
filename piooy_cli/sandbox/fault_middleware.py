"""Middleware before the endpoints: who is answered, injected faults, and the log of requests.

Faults of the connection are only announced here, in a header for the fault proxy.
"""

import asyncio
import gzip
import json
import time
from pathlib import Path
from typing import Any

from starlette.responses import RedirectResponse, Response

from piooy_cli.domain.errors import StorageRefused
from piooy_cli.sandbox.access import Access
from piooy_cli.sandbox.faults import ON_THE_WIRE, Chance, Fault
from piooy_cli.sandbox.responses import error, limited

WIRE = "x-piooy-sandbox-wire"
_BROWSER = b"access-control-"
_BOMB_MIB = 256
_WITH_ANY = frozenset(["slow", "asset-no-range", "asset-etag-change"])
_HTML = "<!doctype html><title>Bad gateway</title><h1>502</h1>"


class Faulty:
    """An ASGI application around another one."""

    def __init__(
        self, app: Any, chance: Chance, log: Path | None, access: Access, *, has_wire: bool
    ) -> None:
        self._app = app
        self._chance = chance
        self._access = access
        self._log = _Log(log) if log else None
        self._has_wire = has_wire

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["state"] = {}
        denied = self._access.denial(scope)
        faults = [] if denied else _in_force(self._chance.happens(_endpoint(scope)))
        scope["piooy.faults"] = [fault.name for fault in faults]
        noted = _Noted(send, faults, self._access.cors(scope), has_wire=self._has_wire)
        answer = error(*denied) if denied else _instead(scope, faults) or self._app
        try:
            await asyncio.sleep(sum(_pause(fault) for fault in faults))
            await answer(scope, receive, noted.send)
        finally:
            if self._log:
                self._log.request(scope, noted.status, faults)


def _in_force(faults: list[Fault]) -> list[Fault]:
    """Return the first fault of a response; `slow` and changes of files combine with any."""
    with_any = [fault for fault in faults if fault.name in _WITH_ANY]
    others = [fault for fault in faults if fault.name not in _WITH_ANY]
    return with_any + others[:1]


def _pause(fault: Fault) -> float:
    """Return by how many seconds a response is delayed."""
    return (1.0 if fault.value is None else fault.value) if fault.name == "slow" else 0.0


def _endpoint(scope: Any) -> str:
    """Return which of the four endpoints this is; empty for others, such as a preflight."""
    match scope["method"], scope["path"].split("/")[1:]:
        case "GET", ["assets", _, _]:
            return "asset"
        case "GET", ["api", "v1", "task", _]:
            return "task"
        case "POST", ["api", "v1", ("generate" | "contact") as name]:
            return str(name)
    return ""


def _instead(scope: Any, faults: list[Fault]) -> Any:
    """Return a response in place of the endpoint's; None if the endpoint responds."""
    for fault in faults:
        if fault.name == "429":
            return limited(1 if fault.value is None else fault.value)
        if fault.is_status:
            return error(int(fault.name), "the sandbox was told to fail")
        match fault.name:
            case "drop-before":
                return Response(status_code=200)
            case "html":
                return Response(_HTML, media_type="text/html")
            case "gzip-bomb":
                bomb = gzip.compress(bytes(1 << 20)) * _BOMB_MIB
                headers = {"content-encoding": "gzip", "content-type": "application/json"}
                return Response(bomb, headers=headers)
            case "redirect" if b"redirected" not in scope["query_string"]:
                query = [scope["query_string"].decode("latin-1"), "redirected=1"]
                return RedirectResponse(f"{scope['path']}?{'&'.join(filter(None, query))}", 302)
    return None


class _Noted:
    """Passes a response on, with headers for browsers and the fault proxy; records its status."""

    def __init__(
        self, send: Any, faults: list[Fault], cors: list[tuple[bytes, bytes]], *, has_wire: bool
    ) -> None:
        self._send = send
        self._cors = cors
        self._wire = next((fault for fault in faults if fault.name in ON_THE_WIRE), None)
        self._has_wire = has_wire
        self.status = 0

    async def send(self, message: Any) -> None:
        """Pass one ASGI message on. The fault proxy handles one request per connection."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # A recording may have others' headers for browsers.
            headers = [one for one in message.get("headers", []) if not one[0].startswith(_BROWSER)]
            headers += self._cors
            if self._has_wire:
                headers += [(b"connection", b"close"), *self._word()]
            message = message | {"headers": headers}
        await self._send(message)

    def _word(self) -> list[tuple[bytes, bytes]]:
        if self._wire is None:
            return []
        value = "" if self._wire.value is None else f" {self._wire.value}"
        return [(WIRE.encode(), f"{self._wire.name}{value}".encode())]


class _Log:
    """A log in JSON Lines: one for each start, request and charge, after the response."""

    def __init__(self, path: Path) -> None:
        try:
            # Unbuffered: a line is there whole or not at all, and a full disk says so at once.
            self._file = path.open("ab", buffering=0)
        except OSError as fault:
            raise StorageRefused(f"--log {path}: {fault.strerror}") from None
        try:
            self._write({"event": "start"})
        except OSError as fault:
            self._file.close()
            raise StorageRefused(f"--log {path}: {fault.strerror}") from None

    def _write(self, *lines: dict[str, Any]) -> None:
        """Write all lines at once, so that a request is never seen without its charge."""
        now = {"time": time.time()}
        text = (json.dumps({"event": line["event"]} | now | line) + "\n" for line in lines)
        self._file.write("".join(text).encode())

    def request(self, scope: Any, status: int, faults: list[Fault]) -> None:
        """Log a request, and its charge, if it was charged."""
        line = {
            "event": "request", "method": scope["method"],
            "path": scope["path"], "query": scope["query_string"].decode("latin-1"),
            "status": status, "faults": [fault.name for fault in faults],
        }  # fmt: skip
        charged = scope["state"].get("charged")
        self._write(line, *([{"event": "charge"} | charged] if charged else []))
