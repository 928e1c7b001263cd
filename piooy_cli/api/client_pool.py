"""Clients that each serve one request at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from piooy_cli.api.httpx_lite import httpx


class ClientPool:
    """Clients that each serve one request at a time: a crowd in one httpx pool slows it down."""

    def __init__(self, make: "Callable[[], httpx.AsyncClient]", size: int) -> None:
        self._make = make
        self._idle: list[httpx.AsyncClient] = []
        self._slots = asyncio.Semaphore(size)

    @asynccontextmanager
    async def client(self) -> "AsyncIterator[httpx.AsyncClient]":
        """One that nobody else uses; waits where all are taken."""
        async with self._slots:
            client = self._idle.pop() if self._idle else self._make()
            try:
                yield client
            finally:
                self._idle.append(client)

    async def close(self) -> None:
        """Close all that are idle."""
        while self._idle:
            await self._idle.pop().aclose()
