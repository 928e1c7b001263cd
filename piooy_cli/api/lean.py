"""httpx without what it would import and we never use: 75 ms of every start.

Where they happen to be installed, httpx and its core import a command line of their own (with rich
and pygments) and HTTP/2. For sockets they bring anyio; `sockets` does it with plain asyncio.
"""

import ssl
import sys

_UNUSED = [name for name in ("click", "h2") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_UNUSED))  # type: ignore[arg-type]
import httpcore  # noqa: E402
import httpx  # noqa: E402

for _name in _UNUSED:
    del sys.modules[_name]

__all__ = ["httpcore", "httpx", "lean_transport"]


def lean_transport(tls: ssl.SSLContext, keep: int) -> httpx.AsyncHTTPTransport:
    """Connections without a proxy, at most `keep` of them kept open."""
    from piooy_cli.api.sockets import AsyncioBackend

    transport = httpx.AsyncHTTPTransport(verify=tls)
    # httpx has no parameter for this one of its core's.
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=tls,
        max_keepalive_connections=keep,
        keepalive_expiry=5,
        network_backend=AsyncioBackend(),
    )
    return transport
