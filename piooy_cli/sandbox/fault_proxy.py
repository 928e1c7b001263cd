"""A proxy in front of the server that causes faults of the connection: cut, slow, silent.

A header of the response says which fault; it is removed. Each connection has one request.
"""

import asyncio
from contextlib import suppress

from piooy_cli.sandbox.fault_middleware import WIRE

_BIGGEST_HEAD = 1 << 16
_PAUSE = 0.05  # seconds between the bytes of a drip
_SILENCE = 3600.0


class Relay:
    """Forwards connections to the server at `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle one client with one request; if the client disconnects, so do we."""
        with suppress(OSError):
            there = ("127.0.0.1", self._port)
            back, forth = await asyncio.open_connection(*there, limit=_BIGGEST_HEAD)
            ways = {asyncio.create_task(_pump(reader, forth)),
                    asyncio.create_task(_answer(back, writer))}  # fmt: skip
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                forth.close()
        writer.close()


async def _answer(back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head, (name, value) = _order(await _last_head(back, writer))
    match name:
        case "drop-before" | "drop-after-accept":
            writer.transport.abort()
            return
        case "hang":
            await asyncio.sleep(_SILENCE if value is None else value)
        case "drip":
            await _drip(head + await back.read(-1), writer, _PAUSE if value is None else value)
            return
        case "truncate" | "asset-truncate":
            body = await back.read(-1)
            writer.write(head + body[: len(body) // 2])
            await writer.drain()
            return
    writer.write(head)
    await _pump(back, writer)


async def _last_head(back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Return the head of the response; `100 Continue` is forwarded."""
    while (head := await back.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].startswith(b"1"):
        writer.write(head)
        await writer.drain()
    return head


async def _drip(data: bytes, writer: asyncio.StreamWriter, pause: float) -> None:
    for n in range(len(data)):
        writer.write(data[n : n + 1])
        await writer.drain()
        await asyncio.sleep(pause)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()


def _order(head: bytes) -> tuple[bytes, tuple[str, float | None]]:
    """Return the head without our header, and the header's value."""
    lines = head.split(b"\r\n")
    ours = [line for line in lines if line.lower().startswith(WIRE.encode() + b":")]
    if not ours:
        return head, ("", None)
    name, _, value = ours[0].partition(b":")[2].decode().strip().partition(" ")
    plain = b"\r\n".join(line for line in lines if line not in ours)
    return plain, (name, float(value) if value else None)
