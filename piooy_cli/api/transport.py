"""HTTP/1.1 for httpx on h11 and plain asyncio: one connection, one request at a time.

httpx's own way over httpcore and anyio costs 30 ms at every start and collapses under a crowd. Ours
knows exactly when a request is sent. Proxies are left to httpx.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator

from piooy_cli.api.addresses import AddressCheck, Origin, api_fault
from piooy_cli.api.connect import connect
from piooy_cli.api.connection import Connection, as_httpx_errors
from piooy_cli.api.httpx_lite import httpx


class H11Transport(httpx.AsyncBaseTransport):
    """Sends the requests of one client, one at a time. `keep`: the connection is kept open.

    An address is checked with the `addresses` extension of the request, else by the API's rule.
    """

    def __init__(self, tls: ssl.SSLContext, *, keep: bool) -> None:
        self._tls = tls
        self._keep = keep
        self._kept: Connection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response after its head; the body is read on demand."""
        times = request.extensions.get("timeout", {})
        trace, seen = request.extensions.get("trace", _nobody), {"request": _Sent(request)}
        await trace("connect_tcp.started", seen)
        check = request.extensions.get("addresses", api_fault)
        connection = await self._connected(request.url, times.get("connect"), check)
        try:
            await trace("send_request_headers.started", seen)
            await connection.send(request, times.get("write"))
            await trace("send_request_body.complete", seen)
            head = await connection.head(times.get("read"))
        except BaseException:
            connection.abort()
            raise
        body = _Body(self, connection, times.get("read"))
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=body)

    async def aclose(self) -> None:
        """Close the connection that was kept."""
        if self._kept:
            self._kept.abort()

    def keep(self, connection: "Connection") -> None:
        """Keep a connection for the next request if possible, else close it."""
        if self._keep and connection.can_be_reused():
            self._kept = connection
        else:
            connection.abort()

    async def _connected(
        self, url: httpx.URL, timeout: float | None, check: AddressCheck
    ) -> "Connection":
        usual = 443 if url.scheme == "https" else 80
        origin = Origin(url.scheme, url.raw_host.decode(), url.port or usual)
        kept, self._kept = self._kept, None
        if kept and kept.origin == origin and kept.is_fresh() and not check(origin, kept.address):
            return kept
        if kept:
            kept.abort()
        tls = self._tls if url.scheme == "https" else None
        with as_httpx_errors(httpx.ConnectTimeout, httpx.ConnectError):
            async with asyncio.timeout(timeout):
                return await connect(origin, tls, check)


class _Body(httpx.AsyncByteStream):
    """The body of a response; closing it early closes the connection."""

    def __init__(
        self, transport: H11Transport, connection: Connection, timeout: float | None
    ) -> None:
        self._transport = transport
        self._connection: Connection | None = connection
        self._timeout = timeout

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._connection:
            async for chunk in self._connection.body(self._timeout):
                yield chunk

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            self._transport.keep(connection)


async def _nobody(event: str, info: object) -> None:
    """Ignore trace events."""


class _Sent:
    """A request in the form that httpcore's trace has."""

    def __init__(self, request: httpx.Request) -> None:
        self.method = request.method.encode()
