"""httpx clients: how they are made, and pools in which each serves one request at a time."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any
from urllib.request import getproxies

from piooy_cli import __version__
from piooy_cli.api.exceptions import environment_error
from piooy_cli.api.httpx_lite import httpx
from piooy_cli.api.transport import H11Transport

USER_AGENT = f"piooy/{__version__} (+https://piooy.com)"


class _NoCookies(httpx.Cookies):
    """Cookies that are never stored: no response influences the next request."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Skip the search for cookies, which takes a tenth of a request's time."""


class _Client(httpx.AsyncClient):
    @property
    def cookies(self) -> httpx.Cookies:
        """Always empty."""
        return _NoCookies()

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Ignore cookies."""


class ClientFactory:
    """Makes clients. `app`: the sandbox in this process, which then answers every request."""

    def __init__(self, app: Any = None) -> None:
        self._app = app

    def client(self, plain: bool, keep: int) -> httpx.AsyncClient:
        """Make a client for the API. `plain`: for http:// only. `keep`: connections kept."""
        tls = self._no_tls if plain or self._app else self._tls
        # Plain http goes to this machine only, and so never through a proxy.
        direct = plain or not getproxies()
        return self._made(tls, keep, self._transport(tls, keep) if direct else None)

    def asset_client(self, plain: bool, proxy: str | None) -> httpx.AsyncClient:
        """Make a client for assets, through a proxy or directly; redirects are left to its user."""
        tls = self._no_tls if plain or self._app else self._tls
        if proxy and not self._app:
            return self._made(tls, 1, None, proxy)
        return self._made(tls, 1, self._transport(tls, 1))

    def _made(
        self,
        tls: ssl.SSLContext,
        keep: int,
        transport: httpx.AsyncBaseTransport | None,
        proxy: str | None = None,
    ) -> httpx.AsyncClient:
        """Make a client; without a transport, httpx uses `proxy` or the proxy variables."""
        try:
            return _Client(
                verify=tls,
                headers={"user-agent": USER_AGENT, "accept-encoding": "identity", "accept": "*/*"},
                limits=httpx.Limits(max_keepalive_connections=keep),
                transport=transport,
                event_hooks={"response": [_take_location]},
                proxy=proxy,
                trust_env=proxy is None,
            )
        except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
            raise environment_error(error) from error

    def _transport(self, tls: ssl.SSLContext, keep: int) -> httpx.AsyncBaseTransport:
        if self._app:
            return httpx.ASGITransport(self._app)
        return H11Transport(tls, keep=bool(keep))

    @cached_property
    def _no_tls(self) -> ssl.SSLContext:
        """A context without certificates: plain http needs none, and reading them costs 50 ms."""
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The TLS context that all clients share."""
        try:
            return httpx.create_ssl_context()
        except OSError as error:
            raise environment_error(error) from error


class ClientPool:
    """A pool of clients, each for one request at a time: many requests slow one httpx pool down."""

    def __init__(self, make: Callable[[], httpx.AsyncClient], size: int) -> None:
        self._make = make
        self._idle: list[httpx.AsyncClient] = []
        self._slots = asyncio.Semaphore(size)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Yield a client for exclusive use; wait if all are in use."""
        async with self._slots:
            client = self._idle.pop() if self._idle else self._make()
            try:
                yield client
            finally:
                self._idle.append(client)

    async def close(self) -> None:
        """Close all idle clients."""
        while self._idle:
            await self._idle.pop().aclose()


async def _take_location(response: httpx.Response) -> None:
    """Move the Location header out of httpx's way, which parses it even if it is not followed."""
    if response.is_redirect:
        response.extensions["location"] = response.headers.pop("location", "")
