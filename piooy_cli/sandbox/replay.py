"""Replaying a recording: each request gets its recorded responses in order, the last repeatedly."""

import base64
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from piooy_cli.domain.errors import UsageError
from piooy_cli.sandbox import assets
from piooy_cli.sandbox.responses import error

_METHODS = ["GET", "POST", "OPTIONS"]
_FROM = re.compile(r"bytes ([0-9]{1,18})-", re.ASCII)


def replay_application(recording: Path) -> Any:
    """Return the recording as an ASGI application. Raises UsageError for an invalid file."""
    replay = _Replay(_exchanges(recording))
    return Starlette(routes=[Route("/{path:path}", replay.answer, methods=_METHODS)])


def _exchanges(recording: Path) -> list[dict[str, Any]]:
    try:
        lines = recording.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"--replay {recording} cannot be read: {fault}") from None
    return [_checked(recording, number, line) for number, line in enumerate(lines, 1)]


def _checked(recording: Path, number: int, line: str) -> dict[str, Any]:
    """One recorded exchange, validated."""
    try:
        exchange = json.loads(line)
        urlsplit(exchange["url"]).port  # noqa: B018 - raises for an invalid URL
        sound = (
            isinstance(exchange["method"], str)
            and isinstance(exchange["status"], int)
            and 200 <= exchange["status"] <= 599
            and all(isinstance(value, str) for value in exchange["headers"].values())
        )
        _bytes(exchange["body"])
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        hint = "--replay expects a file that --record has written"
        raise UsageError(f"--replay {recording}: line {number} is not a recorded exchange", hint)
    return dict(exchange)


class _Replay:
    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self._answers: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        self._moved: dict[str, str] = {}
        self._files: dict[str, tuple[bytearray, str]] = {}
        for exchange in exchanges:
            self._collect(exchange)
            self._answers[exchange["method"], self._place(exchange["url"])].append(exchange)

    def _place(self, url: str) -> str:
        """Map a URL to this server: the API's to the same path, a file's to one of ours."""
        parts = urlsplit(url)
        if parts.path.startswith("/api/"):
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
        if url not in self._moved:
            self._moved[url] = f"/replayed/{len(self._moved) + 1}/{parts.path.rpartition('/')[2]}"
        return self._moved[url]

    def _collect(self, exchange: dict[str, Any]) -> None:
        """Join the parts of a file that arrived one after the other."""
        place, headers = self._place(exchange["url"]), exchange["headers"]
        if not place.startswith("/replayed/") or exchange["status"] not in (200, 206):
            return
        whole, _ = self._files.get(place, (bytearray(), ""))
        match = _FROM.match(headers.get("content-range", ""))
        body = _bytes(exchange["body"])
        first = int(match[1]) if match else 0
        whole[first : first + len(body)] = body
        self._files[place] = (whole, headers.get("content-type", "application/octet-stream"))

    async def answer(self, request: Request) -> Response:
        """Return the recorded response; 404 for a request that was not recorded."""
        if found := self._files.get(request.url.path):
            return assets.reply(request, bytes(found[0]), found[1], ())
        query = request.url.query
        place = f"{request.url.path}?{query}" if query else request.url.path
        known = self._answers.get((request.method, place), [])
        known = known or self._answers.get((request.method, request.url.path), [])
        if not known:
            return error(404, f"the recording contains no {request.method} {place}")
        exchange = known.pop(0) if len(known) > 1 else known[0]
        body = self._body(exchange["body"], str(request.base_url).rstrip("/"))
        return Response(body, exchange["status"], exchange["headers"])

    def _body(self, body: Any, base_url: str) -> bytes:
        """Return the response with the URLs of files mapped to this server."""
        if isinstance(body, dict):
            return _bytes(body)
        for url, place in sorted(self._moved.items(), key=lambda pair: -len(pair[0])):
            body = body.replace(url, base_url + place)
            body = body.replace(json.dumps(url)[1:-1], base_url + place)
        return _bytes(body)


def _bytes(body: Any) -> bytes:
    """Decode a recorded body. Raises ValueError, KeyError or TypeError."""
    if isinstance(body, dict):
        return base64.b64decode(body["base64"], validate=True)
    if not isinstance(body, str):
        raise TypeError(body)
    return body.encode()
