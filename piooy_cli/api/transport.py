"""HTTP/1.1 for httpx on h11 and plain asyncio: one connection, one request at a time.

httpx's own way over httpcore and anyio costs 30 ms at every start and collapses under a crowd. Ours
knows to the byte when a request leaves. Proxies are left to httpx.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import h11

from piooy_cli.api.httpx_lite import httpx

_IDLE_SECONDS = 5  # servers close a kept connection at will: after this long, a new one is made
_PIECE = 65_536
_BIG_PIECE = 1 << 20
_LARGE = 1 << 14  # a body from this size on goes past h11, which copies each byte four times
_BIGGEST_HEAD = 100_000


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int


class H11Transport(httpx.AsyncBaseTransport):
    """Sends the requests of one client, one at a time. `keep`: over the same connection."""

    def __init__(self, tls: ssl.SSLContext, *, keep: bool) -> None:
        self._tls = tls
        self._keep = keep
        self._kept: _Connection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The head of the answer; its body is read as it is asked for."""
        times = request.extensions.get("timeout", {})
        trace, seen = request.extensions.get("trace", _nobody), {"request": _Sent(request)}
        await trace("connect_tcp.started", seen)
        connection = await self._connected(request.url, times.get("connect"))
        try:
            await trace("send_request_headers.started", seen)
            await connection.send(request, times.get("write"))
            head = await connection.head(times.get("read"))
        except BaseException:
            connection.abort()
            raise
        body = _Body(self, connection, times.get("read"))
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), stream=body)

    async def aclose(self) -> None:
        """Close what is kept."""
        if self._kept:
            self._kept.abort()

    def keep(self, connection: "_Connection") -> None:
        """Use it again, if it may be."""
        if self._keep and connection.can_be_reused():
            self._kept = connection
        else:
            connection.abort()

    async def _connected(self, url: httpx.URL, timeout: float | None) -> "_Connection":
        usual = 443 if url.scheme == "https" else 80
        origin = _Origin(url.scheme, url.raw_host.decode(), url.port or usual)
        kept, self._kept = self._kept, None
        if kept and kept.origin == origin and kept.is_fresh():
            return kept
        if kept:
            kept.abort()
        tls = self._tls if url.scheme == "https" else None
        with _told_as(httpx.ConnectTimeout, httpx.ConnectError):
            async with asyncio.timeout(timeout):
                streams = await asyncio.open_connection(
                    origin.host, origin.port, ssl=tls, happy_eyeballs_delay=0.25, limit=_BIG_PIECE
                )
        return _Connection(origin, *streams)


class _Connection:
    """One connection with the state of its protocol."""

    def __init__(
        self,
        origin: _Origin,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.origin = origin
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_BIGGEST_HEAD)
        self._idle_since = time.monotonic()
        self._length = 0
        self._keeps_alive = self._ends_clean = False

    async def send(self, request: httpx.Request, timeout: float | None) -> None:
        """All of the request. A server that answers before it has read all is no failure yet."""
        with _protocol_errors():
            head = h11.Request(
                method=request.method, target=request.url.raw_path, headers=request.headers.raw
            )
            data = self._http.send(head) or b""
            try:
                assert isinstance(request.stream, httpx.AsyncByteStream)
                async for chunk in request.stream:
                    await self._write(
                        data + (self._http.send(h11.Data(data=chunk)) or b""), timeout
                    )
                    data = b""
                await self._write(data + (self._http.send(h11.EndOfMessage()) or b""), timeout)
            except httpx.WriteError:
                return

    async def head(self, timeout: float | None) -> h11.Response:
        """The head of the answer; what is only informational is passed over."""
        while True:
            event = await self._event(timeout)
            if isinstance(event, h11.Response):
                self._length = _announced(event)
                self._keeps_alive = _keeps_alive(event)
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise httpx.RemoteProtocolError("the server answered with no HTTP head")

    async def body(self, timeout: float | None) -> AsyncIterator[bytes]:
        """The body as it comes, without its transfer coding."""
        if self._length >= _LARGE:
            async for piece in self._straight(timeout):
                yield piece
            return
        while True:
            event = await self._event(timeout)
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return

    async def _straight(self, timeout: float | None) -> AsyncIterator[bytes]:
        """As many bytes as were announced; h11 begins anew behind them."""
        left = self._length
        piece, _ = self._http.trailing_data
        self._ends_clean = len(piece) <= left
        while left:
            if piece:
                yield piece[:left]
                left -= len(piece[:left])
            if left and not (piece := await self._read(timeout, min(left, _BIG_PIECE))):
                raise httpx.RemoteProtocolError("the connection ended before the body did")
        if self._ends_clean and self._keeps_alive:
            self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_BIGGEST_HEAD)

    def can_be_reused(self) -> bool:
        """Whether request and answer ended as both sides agreed."""
        if self._has_leftovers():
            return False
        if self._http.our_state is self._http.their_state is h11.IDLE:
            self._idle_since = time.monotonic()
            return True
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self._idle_since = time.monotonic()
        return not self._http.trailing_data[0]

    def is_fresh(self) -> bool:
        """Whether the other side has probably not closed it."""
        closed = self._reader.at_eof() or self._writer.is_closing() or self._has_leftovers()
        return not closed and time.monotonic() - self._idle_since < _IDLE_SECONDS

    def _has_leftovers(self) -> bool:
        """Whether bytes came that nobody asked for: they would be taken for the next answer."""
        return bool(getattr(self._reader, "_buffer", b""))  # asyncio has no public word for it

    def abort(self) -> None:
        """Close at once: HTTP has no last words."""
        self._writer.transport.abort()

    async def _event(self, timeout: float | None) -> Any:
        while True:
            with _protocol_errors():
                event = self._http.next_event()
                if event is h11.PAUSED:
                    raise httpx.RemoteProtocolError("the server switched protocols")
                if event is not h11.NEED_DATA:
                    return event
                self._http.receive_data(await self._read(timeout))

    async def _read(self, timeout: float | None, most: int = _PIECE) -> bytes:
        with _told_as(httpx.ReadTimeout, httpx.ReadError):
            async with asyncio.timeout(timeout):
                return await self._reader.read(most)

    async def _write(self, data: bytes, timeout: float | None) -> None:
        with _told_as(httpx.WriteTimeout, httpx.WriteError):
            async with asyncio.timeout(timeout):
                self._writer.write(data)
                await self._writer.drain()


def _announced(head: h11.Response) -> int:
    """The length of the body, where the head gives one and nothing else decides."""
    headers = dict(head.headers)
    if b"transfer-encoding" in headers or head.status_code in (204, 304):
        return 0
    return int(headers.get(b"content-length", b"0"))  # h11 has made sure that it is a number


def _keeps_alive(head: h11.Response) -> bool:
    words = dict(head.headers).get(b"connection", b"").lower()
    return head.http_version == b"1.1" and b"close" not in words


class _Body(httpx.AsyncByteStream):
    """The body of an answer; closed early, its connection goes with it."""

    def __init__(
        self, transport: H11Transport, connection: _Connection, timeout: float | None
    ) -> None:
        self._transport = transport
        self._connection: _Connection | None = connection
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
    """For requests that nobody traces."""


class _Sent:
    """A request as a trace of httpcore would show it."""

    def __init__(self, request: httpx.Request) -> None:
        self.method = request.method.encode()


@contextmanager
def _told_as(timeout: type[Exception], failure: type[Exception]) -> Iterator[None]:
    """Errors of the system as httpx's."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except OSError as error:
        raise failure(str(error)) from error


@contextmanager
def _protocol_errors() -> Iterator[None]:
    """Errors of h11 as httpx's."""
    try:
        yield
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
