"""One HTTP/1.1 connection on h11 and asyncio: it sends a request and reads its response."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import h11

from piooy_cli.api.addresses import Origin
from piooy_cli.api.httpx_lite import httpx

BIG_PIECE = 1 << 20
_IDLE_SECONDS = 5  # servers close a kept connection at will: after this long, a new one is made
_PIECE = 65_536
_LARGE = 1 << 14  # a body from this size on goes past h11, which copies each byte four times
_BIGGEST_HEAD = 100_000


class Connection:
    """One connection with its protocol state."""

    def __init__(
        self,
        origin: Origin,
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
        """Send the request. It is not an error if the server responds before reading all of it."""
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
        """Return the head of the response; informational responses are skipped."""
        while True:
            event = await self._event(timeout)
            if isinstance(event, h11.Response):
                self._length = _announced(event)
                self._keeps_alive = _keeps_alive(event)
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise httpx.RemoteProtocolError("the server responded without an HTTP head")

    async def body(self, timeout: float | None) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, without its transfer coding."""
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
        """Yield as many bytes as were announced, without h11, which starts over after them."""
        left = self._length
        piece, _ = self._http.trailing_data
        self._ends_clean = len(piece) <= left
        while left:
            if piece:
                yield piece[:left]
                left -= len(piece[:left])
            if left and not (piece := await self._read(timeout, min(left, BIG_PIECE))):
                raise httpx.RemoteProtocolError("the connection ended before the body did")
        if self._ends_clean and self._keeps_alive:
            self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_BIGGEST_HEAD)

    def can_be_reused(self) -> bool:
        """Whether request and response are complete, so that the connection can be used again."""
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
        """Whether the server has probably not closed the connection."""
        closed = self._reader.at_eof() or self._writer.is_closing() or self._has_leftovers()
        return not closed and time.monotonic() - self._idle_since < _IDLE_SECONDS

    @property
    def address(self) -> str:
        """The address that it is connected to; empty if it is gone."""
        peer = self._writer.get_extra_info("peername")
        return str(peer[0]) if peer else ""

    def _has_leftovers(self) -> bool:
        """Whether unexpected bytes arrived: they would be taken for the next response."""
        return bool(getattr(self._reader, "_buffer", b""))  # asyncio has no public name for it

    def abort(self) -> None:
        """Close the connection at once."""
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
        with as_httpx_errors(httpx.ReadTimeout, httpx.ReadError):
            async with asyncio.timeout(timeout):
                return await self._reader.read(most)

    async def _write(self, data: bytes, timeout: float | None) -> None:
        with as_httpx_errors(httpx.WriteTimeout, httpx.WriteError):
            async with asyncio.timeout(timeout):
                self._writer.write(data)
                await self._writer.drain()


def _announced(head: h11.Response) -> int:
    """Return the length of the body if the head announces it and nothing overrides it, else 0."""
    headers = dict(head.headers)
    if b"transfer-encoding" in headers or head.status_code in (204, 304):
        return 0
    return int(headers.get(b"content-length", b"0"))  # h11 has made sure that it is a number


def _keeps_alive(head: h11.Response) -> bool:
    words = dict(head.headers).get(b"connection", b"").lower()
    return head.http_version == b"1.1" and b"close" not in words


@contextmanager
def as_httpx_errors(timeout: type[Exception], failure: type[Exception]) -> Iterator[None]:
    """Turn errors of the system into httpx's."""
    try:
        yield
    except TimeoutError as error:
        raise timeout(str(error)) from error
    except OSError as error:
        raise failure(str(error)) from error


@contextmanager
def _protocol_errors() -> Iterator[None]:
    """Turn errors of h11 into httpx's."""
    try:
        yield
    except h11.LocalProtocolError as error:
        raise httpx.LocalProtocolError(str(error)) from error
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
