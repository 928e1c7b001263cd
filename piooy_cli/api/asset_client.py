"""Requests for assets, on whatever host: without the key, and to checked addresses only."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from piooy_cli.api.addresses import AssetAddresses, Origin
from piooy_cli.api.clients import ClientFactory, ClientPool
from piooy_cli.api.connect import numeric_address
from piooy_cli.api.exceptions import AddressNotAllowed, RequestNotSent
from piooy_cli.api.failures import request_failure
from piooy_cli.api.httpx_lite import httpx
from piooy_cli.api.proxies import proxy_of
from piooy_cli.api.recording import Recorder
from piooy_cli.api.request_trace import RequestTrace
from piooy_cli.api.response import clean_headers, plain_headers, refuse_encoding
from piooy_cli.concurrency.limits import Limits
from piooy_cli.config.urls import AssetHosts, asset_url_fault, is_loopback
from piooy_cli.domain.redaction import has_secret

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class AssetResponse:
    """The response with an asset: status, headers, and raw bytes as they arrive."""

    def __init__(self, response: httpx.Response, secrets: list[str]) -> None:
        self.status = response.status_code
        self.headers = clean_headers(plain_headers(response.headers), secrets)
        self.chunks: AsyncIterator[bytes] = response.aiter_raw()


class AssetClient:
    """Requests for assets. `base_url`: the API's, whose own assets may be on this machine."""

    def __init__(
        self, base_url: str, secrets: list[str], limits: Limits, make: ClientFactory,
        recorder: Recorder | None,
    ) -> None:  # fmt: skip
        self._own = _own_origin(base_url)
        self._secrets = secrets
        self._limits = limits
        self._make = make
        self._recorder = recorder
        self._pools: dict[str, ClientPool] = {}

    @asynccontextmanager
    async def open(
        self, url: str, headers: Mapping[str, str], hosts: AssetHosts
    ) -> AsyncIterator[AssetResponse]:
        """Open an asset, along at most five redirects."""
        asked, own = url, self._own
        for _ in range(self._limits.redirects + 1):
            self._refuse_secret(url)
            async with self._opened(url, headers, AssetAddresses(own, *hosts)) as response:
                if response.status_code not in _REDIRECTS or not _location(response):
                    media = self._media(response, asked)
                    refuse_encoding(media.headers)
                    yield media
                    return
                own = own if _origin(url) == own else None  # nobody else redirects there
                url = _next_hop(response, hosts)
        raise RequestNotSent(f"more than {self._limits.redirects} redirects", final=True)

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.close()

    def _refuse_secret(self, url: str) -> None:
        if has_secret(url, self._secrets):
            raise RequestNotSent("its URL has your API key in it", final=True)

    def _media(self, response: httpx.Response, asked: str) -> AssetResponse:
        media = AssetResponse(response, self._secrets)
        if self._recorder and media.status >= 300:
            self._recorder.exchange("GET", asked, None, media.status, media.headers, b"")
        elif self._recorder:
            seen = (asked, media.status, media.headers, media.chunks)
            media.chunks = self._recorder.passing(*seen)
        return media

    @asynccontextmanager
    async def _opened(
        self, url: str, headers: Mapping[str, str], check: AssetAddresses
    ) -> AsyncIterator[httpx.Response]:
        """Open one hop."""
        timeout = httpx.Timeout(self._limits.asset_idle, connect=self._limits.connect)
        trace = RequestTrace("GET")
        more: dict[str, Any] = {"trace": trace, "addresses": check}
        async with self._client_for(url, check) as client:
            try:
                trace.started = True
                async with client.stream(
                    "GET", url, headers=dict(headers), timeout=timeout, extensions=more
                ) as found:
                    yield found
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
                raise request_failure(error, url, self._secrets, sent=trace.sent) from error

    def _client_for(
        self, url: str, check: AssetAddresses
    ) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        """Return a client: through the proxy if there is one, and without TLS if none is needed.

        A proxy resolves names itself; an address that is written out is checked here.
        """
        origin, proxy = _origin(url), proxy_of(url)
        address = numeric_address(origin.host) if proxy else None
        if address and (fault := check(origin, address)):
            raise AddressNotAllowed(fault)
        plain = origin.scheme == "http" and is_loopback(origin.host)
        route = proxy or ("plain" if plain else "direct")
        if route not in self._pools:
            make = self._make
            self._pools[route] = ClientPool(
                lambda: make.asset_client(plain, proxy), self._limits.workers
            )
        return self._pools[route].client()


def _origin(url: str) -> Origin:
    """Return the origin of a URL; an empty one of what httpx itself will refuse."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return Origin("", "", 0)
    usual = 443 if parts.scheme == "https" else 80
    return Origin(parts.scheme, parts.raw_host.decode("ascii"), parts.port or usual)


def _own_origin(base_url: str) -> Origin | None:
    return _origin(base_url) if is_loopback(urlsplit(base_url).hostname) else None


def _location(response: httpx.Response) -> str:
    return str(response.extensions.get("location", ""))


def _next_hop(response: httpx.Response, hosts: AssetHosts) -> str:
    try:
        target = str(response.url.join(_location(response)))
        fault = asset_url_fault(target, hosts)
    except (ValueError, httpx.InvalidURL):
        fault = "an invalid URL"
    if fault:
        raise RequestNotSent(
            "the asset's URL redirects to an address that is not allowed", final=True
        )
    return target
