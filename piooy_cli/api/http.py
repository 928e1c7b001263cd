"""HTTP requests: a POST is sent once, bodies are bounded, errors say whether it was sent.

The API's clients carry the key and follow no redirect; the asset client never sees the key.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from piooy_cli.api.asset_client import AssetClient, AssetResponse
from piooy_cli.api.clients import ClientFactory, ClientPool
from piooy_cli.api.exceptions import (
    AnswerLost,
    RequestFailed,
)
from piooy_cli.api.failures import request_failure
from piooy_cli.api.httpx_lite import httpx
from piooy_cli.api.recording import Recorder
from piooy_cli.api.request_trace import RequestTrace
from piooy_cli.api.response import (
    Response,
    clean_headers,
    is_encoded,
    plain_headers,
    refuse_encoding,
)
from piooy_cli.concurrency.limits import Limits
from piooy_cli.config.urls import AssetHosts
from piooy_cli.domain.redaction import redact_bytes

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 65_536
_NEVER_LEFT = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL)


class HttpClient:
    """Requests to one API host, and to any asset host."""

    def __init__(
        self, base_url: str, key: str | None, limits: Limits, app: Any = None,
        recorder: Recorder | None = None,
    ) -> None:  # fmt: skip
        self.base_url = base_url.rstrip("/")
        self._key = key
        self._secrets = [key] if key else []
        self._limits = limits
        self._app = app
        self._recorder = recorder
        # A kept connection may die just as a POST is written to it, and it would be unknown
        # whether it was read: orders pay for a new connection each.
        plain, make = self.base_url.startswith("http://"), ClientFactory(app)
        self._orders = ClientPool(lambda: make.client(plain, keep=0), limits.workers)
        self._reads = ClientPool(lambda: make.client(plain, keep=1), limits.workers)
        self._assets = AssetClient(self.base_url, self._secrets, limits, make, recorder)

    async def post(
        self, path: str, body: bytes, attempt: RequestTrace, *, signed: bool = True
    ) -> Response:
        """Send `body` once. Raises RequestNotSent or AnswerLost."""
        n = self._limits
        timeout = httpx.Timeout(n.connect, read=n.post_read, write=n.post_write)
        headers = self._headers(signed) | {
            "content-type": "application/json", "content-length": str(len(body)),
        }  # fmt: skip
        return await self._whole(
            self._orders,
            "POST",
            path,
            attempt,
            n.post_whole,
            timeout,
            headers=headers,
            content=body,
        )

    async def get(self, path: str, params: Mapping[str, str]) -> Response:
        """Read once. Raises RequestNotSent or AnswerLost, both harmless."""
        n = self._limits
        timeout = httpx.Timeout(n.get_read, connect=n.connect)
        headers, attempt = self._headers(signed=True), RequestTrace("GET")
        return await self._whole(
            self._reads, "GET", path, attempt, n.get_whole, timeout, headers=headers, params=params
        )

    def open_asset(
        self, url: str, headers: Mapping[str, str], hosts: AssetHosts
    ) -> AbstractAsyncContextManager[AssetResponse]:
        """Open an asset on any host, without the key."""
        return self._assets.open(url, headers, hosts)

    async def close(self) -> None:
        """Close every connection."""
        for one in (self._orders, self._reads, self._assets):
            await one.close()

    def _headers(self, signed: bool) -> dict[str, str]:
        plain = {"accept": "application/json"}
        return plain | {"authorization": f"Bearer {self._key}"} if signed and self._key else plain

    async def _whole(
        self, pool: ClientPool, method: str, path: str, attempt: RequestTrace, limit: float,
        timeout: httpx.Timeout, **request: Any,
    ) -> Response:  # fmt: skip
        async with pool.client() as client:
            try:
                async with self._deadline(attempt, limit):
                    return await self._exchange(client, method, path, attempt, timeout, **request)
            except RequestFailed:
                raise
            except Exception as error:
                raise request_failure(
                    error, self.base_url, self._secrets, sent=attempt.sent, limit=limit
                ) from error

    def _deadline(self, attempt: RequestTrace, limit: float) -> asyncio.Timeout:
        """Return a timeout: short until the request leaves, since a proxy may never respond.

        While a large body is sent, only a write that gets nowhere ends it; then `limit` counts.
        """
        now = asyncio.get_running_loop().time
        if self._app:
            return asyncio.timeout(limit)
        clock = asyncio.timeout(3 * self._limits.connect)
        attempt.when_sending = lambda: clock.reschedule(None)  # each write has its own limit
        attempt.when_sent = lambda: clock.reschedule(now() + limit)
        return clock

    async def _exchange(
        self, client: httpx.AsyncClient, method: str, path: str, attempt: RequestTrace,
        timeout: httpx.Timeout, **request: Any,
    ) -> Response:  # fmt: skip
        sent: bytes | None = request.get("content")
        if sent and len(sent) > _PIECE:
            request["content"] = _pieces(sent)
        request |= {"timeout": timeout, "extensions": {"trace": attempt}}
        attempt.started = True
        async with client.stream(method, self.base_url + path, **request) as response:
            headers = clean_headers(plain_headers(response.headers), self._secrets)
            body = redact_bytes(await self._capped(response, headers), self._secrets)
            if self._recorder:
                url = str(response.request.url)
                self._recorder.exchange(method, url, sent, response.status_code, headers, body)
            return Response(response.status_code, headers, body)

    async def _capped(self, response: httpx.Response, headers: Mapping[str, str]) -> bytes:
        """Return the body, at most 1 MiB and not compressed: 1 MB of gzip can be 1 GB of memory."""
        if response.status_code >= 400 and is_encoded(headers):
            return b""  # the status says enough
        refuse_encoding(headers)
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._limits.answer_bytes:
                raise AnswerLost(
                    f"the response is larger than {self._limits.answer_bytes >> 20} MiB"
                )
        return bytes(body)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    """Yield a large body in pieces, each of which is written within the write timeout."""
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]
