"""The only door to httpx: a POST leaves once, bodies are capped, a fault says if it was sent.

The API's clients carry the key and follow no redirect; the asset client never sees the key.
"""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from piooy_cli import __version__
from piooy_cli.api.faults import (
    Fault,
    Lost,
    Unsent,
    certificate_error,
    environment_error,
    reason_of,
)
from piooy_cli.api.numbers import Numbers
from piooy_cli.api.reply import Reply
from piooy_cli.settings import is_safe_url

# Where these happen to be installed, httpx and its core import them: a command line of its own
# (with rich and pygments), and HTTP/2. We use neither, and they cost 60 ms.
_UNUSED = [name for name in ("click", "h2") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_UNUSED))  # type: ignore[arg-type]
import httpcore  # noqa: E402, F401 - httpx would import it later
import httpx  # noqa: E402

for _name in _UNUSED:
    del sys.modules[_name]

USER_AGENT = f"piooy/{__version__} (+https://piooy.com)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NEVER_LEFT = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL)


class Attempt:
    """One try of a request, and how far it got. httpx's exceptions cannot tell; its trace can."""

    def __init__(self, method: str = "POST") -> None:
        self._method = method.encode()
        self.started = False
        self._traced = False
        self._headers_left = False

    @property
    def sent(self) -> bool:
        """Whether a byte of the request may have left. A transport without trace counts as sent."""
        return self._headers_left or (self.started and not self._traced)

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of one trace event; a proxy's CONNECT is not the request itself."""
        self._traced = True
        if event.endswith("send_request_headers.started"):
            self._headers_left |= info["request"].method == self._method


class Media:
    """An asset that is arriving: status, headers, and raw bytes as they come."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.chunks: AsyncIterator[bytes] = response.aiter_raw()


class _Pool:
    """Clients that each serve one request at a time: a crowd in one httpx pool slows it down."""

    def __init__(self, make: Callable[[], httpx.AsyncClient], size: int) -> None:
        self._make = make
        self._idle: list[httpx.AsyncClient] = []
        self._slots = asyncio.Semaphore(size)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with self._slots:
            client = self._idle.pop() if self._idle else self._make()
            try:
                yield client
            finally:
                client.cookies.clear()
                self._idle.append(client)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().aclose()


class Http:
    """Requests to one API host, and to any asset host."""

    def __init__(self, base_url: str, key: str | None, numbers: Numbers, app: Any = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = key
        self._numbers = numbers
        self._app = app
        # A kept connection may die just as a POST is written to it, and nobody could tell
        # whether it was read: orders pay for a new connection each.
        plain = self.base_url.startswith("http://")
        self._orders = _Pool(lambda: self._client(plain, keep=0), numbers.workers)
        self._reads = _Pool(lambda: self._client(plain, keep=1), numbers.workers)
        self._assets = {
            "https": _Pool(lambda: self._client(False, keep=1), numbers.workers),
            "http": _Pool(lambda: self._client(True, keep=1), numbers.workers),
        }

    async def post(self, path: str, body: bytes, attempt: Attempt, *, signed: bool = True) -> Reply:
        """Send `body` once; raises Unsent or Lost."""
        n = self._numbers
        timeout = httpx.Timeout(n.connect, read=n.post_read, write=n.post_write)
        headers = self._headers(signed) | {"content-type": "application/json"}
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

    async def get(self, path: str, params: Mapping[str, str]) -> Reply:
        """Read once; raises Unsent or Lost, both harmless."""
        n = self._numbers
        timeout = httpx.Timeout(n.get_read, connect=n.connect)
        headers, attempt = self._headers(signed=True), Attempt("GET")
        return await self._whole(
            self._reads, "GET", path, attempt, n.get_whole, timeout, headers=headers, params=params
        )

    @asynccontextmanager
    async def media(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[Media]:
        """Open an asset on any host, without the key, along at most five redirects."""
        for _ in range(self._numbers.redirects + 1):
            async with self._opened(url, headers) as response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    refuse_encoding(response.headers)
                    yield Media(response)
                    return
                url = _next_hop(response)
        raise Unsent(f"more than {self._numbers.redirects} redirects", final=True)

    async def close(self) -> None:
        """Close every connection."""
        for pool in (self._orders, self._reads, *self._assets.values()):
            await pool.close()

    def _headers(self, signed: bool) -> dict[str, str]:
        plain = {"accept": "application/json"}
        return plain | {"authorization": f"Bearer {self._key}"} if signed and self._key else plain

    async def _whole(
        self, pool: _Pool, method: str, path: str, attempt: Attempt, limit: float,
        timeout: httpx.Timeout, **request: Any,
    ) -> Reply:  # fmt: skip
        async with pool.client() as client:
            try:
                async with asyncio.timeout(limit):
                    return await self._exchange(client, method, path, attempt, timeout, **request)
            except Fault:
                raise
            except Exception as error:
                raise _explained(error, attempt.sent, limit) from error

    async def _exchange(
        self, client: httpx.AsyncClient, method: str, path: str, attempt: Attempt,
        timeout: httpx.Timeout, **request: Any,
    ) -> Reply:  # fmt: skip
        request |= {"timeout": timeout, "extensions": {"trace": attempt}}
        attempt.started = True
        async with client.stream(method, self.base_url + path, **request) as response:
            body = await self._capped(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, headers, body)

    async def _capped(self, response: httpx.Response) -> bytes:
        """The body, at most 1 MiB of it, and only as it is: 1 MB of gzip can be 1 GB of memory."""
        refuse_encoding(response.headers)
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._numbers.answer_bytes:
                raise Lost(f"the answer is larger than {self._numbers.answer_bytes >> 20} MiB")
        return bytes(body)

    @asynccontextmanager
    async def _opened(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """One hop, with a client that has certificates only where there is TLS."""
        timeout = httpx.Timeout(self._numbers.asset_idle, connect=self._numbers.connect)
        scheme = "http" if url[:5].lower() == "http:" else "https"
        async with self._assets[scheme].client() as client:
            try:
                async with client.stream(
                    "GET", url, headers=dict(headers), timeout=timeout
                ) as found:
                    yield found
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                raise _explained(error, sent=True) from error

    def _client(self, plain: bool, keep: int) -> httpx.AsyncClient:
        headers = {"user-agent": USER_AGENT, "accept-encoding": "identity", "accept": "*/*"}
        limits = httpx.Limits(max_keepalive_connections=keep)
        transport = httpx.ASGITransport(self._app) if self._app else None
        tls = self._no_tls if plain or self._app else self._tls
        try:
            return httpx.AsyncClient(
                verify=tls, headers=headers, limits=limits, transport=transport,
                trust_env=not self._app,
            )  # fmt: skip
        except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
            raise environment_error(error) from error

    @cached_property
    def _no_tls(self) -> ssl.SSLContext:
        """Trusts nobody: plain http needs no certificates, and reading them costs 50 ms."""
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """One for all clients."""
        try:
            return httpx.create_ssl_context()
        except OSError as error:
            raise environment_error(error) from error


def _explained(error: Exception, sent: bool, limit: float = 0) -> Fault:
    """Which of the two faults it was: the phase decides, not the exception."""
    if isinstance(error, httpx.TimeoutException):
        reason = "no answer in time" if sent else "no connection in time"
    elif isinstance(error, TimeoutError):
        reason = f"no whole answer within {limit:g} s"
    else:
        reason = reason_of(error)
    never_left = isinstance(error, _NEVER_LEFT)
    final = never_left or isinstance(error, httpx.ProxyError) or bool(certificate_error(error))
    fault = Lost if sent and not never_left else Unsent
    return fault(reason, final=final)


def refuse_encoding(headers: httpx.Headers) -> None:
    """We ask for bytes as they are; anything else is no answer to that."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Lost(f"the answer is encoded as {encoding[:20]}, though identity was asked for")


def _next_hop(response: httpx.Response) -> str:
    target = response.url.join(response.headers["location"])
    if not is_safe_url(str(target)):
        raise Unsent("the asset's address redirects to one that is not https", final=True)
    return str(target)
