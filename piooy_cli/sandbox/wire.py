"""A relay before the server that makes the faults of the wire happen: cut, dripping, silent.

The answer carries the order in a header, which never leaves. Each connection has one request.
"""

import asyncio
from contextlib import suppress

from piooy_cli.sandbox.faulty import WIRE

_BIGGEST_HEAD = 1 << 16
_PAUSE = 0.05  # seconds between the bytes of a drip
_SILENCE = 3600.0


class Relay:
    """Hands connections on to the server at `port` of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, one request."""
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            back, forth = await asyncio.open_connection(
                "127.0.0.1", self._port, limit=_BIGGEST_HEAD
            )
            up = asyncio.create_task(_pump(reader, forth))
            try:
                await _answer(back, writer)
            finally:
                up.cancel()
                forth.close()
        writer.close()


async def _answer(back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head, (name, value) = _order(await back.readuntil(b"\r\n\r\n"))
    match name:
        case "drop-before" | "drop-after-accept":
            writer.transport.abort()
        case "hang":
            await asyncio.sleep(value or _SILENCE)
        case "drip":
            await _drip(head + await back.read(-1), writer, value or _PAUSE)
        case "truncate" | "asset-truncate":
            body = await back.read(-1)
            writer.write(head + body[: len(body) // 2])
            await writer.drain()
        case _:
            writer.write(head)
            await _pump(back, writer)


async def _drip(data: bytes, writer: asyncio.StreamWriter, pause: float) -> None:
    for n in range(len(data)):
        writer.write(data[n : n + 1])
        await writer.drain()
        await asyncio.sleep(pause)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()


def _order(head: bytes) -> tuple[bytes, tuple[str, float]]:
    """The head without our header, and what that says."""
    lines = head.split(b"\r\n")
    ours = [line for line in lines if line.lower().startswith(WIRE.encode() + b":")]
    if not ours:
        return head, ("", 0.0)
    name, value = ours[0].partition(b":")[2].decode().split()
    return b"\r\n".join(line for line in lines if line not in ours), (name, float(value))
