"""Making a connection: a name is resolved once, and only addresses that were checked are used."""

import asyncio
import socket
import ssl
from typing import Any

from piooy_cli.api.addresses import AddressCheck, Origin
from piooy_cli.api.connection import BIG_PIECE, Connection
from piooy_cli.api.httpx_lite import httpx

_BETWEEN_TRIES = 0.25  # seconds until the next address is tried as well (RFC 8305)

_Resolved = tuple[Any, Any, int, str, Any]  # as `getaddrinfo` returns it


class AddressRefused(httpx.ConnectError):
    """Every address of a host failed the check; nothing was sent."""


async def connect(origin: Origin, tls: ssl.SSLContext | None, check: AddressCheck) -> Connection:
    """Connect to one of the addresses that pass the check. Raises AddressRefused or OSError."""
    found = await _resolve(origin)
    allowed = [one for one in found if not check(origin, one[4][0])]
    if found and not allowed:
        raise AddressRefused(check(origin, found[0][4][0]) or "")
    name = origin.host if tls else None
    if len(allowed) == 1:
        streams = await asyncio.open_connection(
            allowed[0][4][0], origin.port, ssl=tls, server_hostname=name, limit=BIG_PIECE
        )
    else:
        opened = await _first_connected(allowed)
        streams = await asyncio.open_connection(
            sock=opened, ssl=tls, server_hostname=name, limit=BIG_PIECE
        )
    return Connection(origin, *streams)


async def _resolve(origin: Origin) -> list[_Resolved]:
    """Return the addresses of a host; one that is written as an address needs no thread."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, origin.host)
        except (OSError, ValueError):
            continue
        return [(family, socket.SOCK_STREAM, 0, "", (origin.host, origin.port))]
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)


async def _first_connected(addresses: list[_Resolved]) -> socket.socket:
    from aiohappyeyeballs import start_connection  # only where there is a choice

    return await start_connection(addresses, happy_eyeballs_delay=_BETWEEN_TRIES, interleave=1)


def numeric_address(host: str) -> str | None:
    """Return the address that a host such as `127.1` or `2130706433` means; None for a name."""
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError):
        return None
    return str(found[0][4][0])
