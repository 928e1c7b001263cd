"""Which addresses a connection may be made to: by the address itself, never by its name. Pure."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


class Origin(NamedTuple):
    """The server of a connection; only requests to the same origin may use it."""

    scheme: str
    host: str
    port: int


# Returns why no connection is made to the address of an origin; None if one is.
AddressCheck = Callable[[Origin, str], str | None]


def api_fault(origin: Origin, address: str) -> str | None:
    """Plain http, with the key in it, goes to this machine only, whatever the name says."""
    if origin.scheme == "https" or is_own_machine(address):
        return None
    return f"{origin.host} is {address}, which is not this machine; use https"


class AssetAddresses(NamedTuple):
    """Checks addresses of assets, which a service names and may name wrongly.

    `own`: the API's origin if that is on this machine, and so are its assets. `http`: plain http
    may leave this machine. `private`: addresses inside the network are allowed.
    """

    own: Origin | None = None
    http: bool = False
    private: bool = False

    def __call__(self, origin: Origin, address: str) -> str | None:
        """Return why no connection is made to this address; None if one is."""
        if is_own_machine(address):
            return None if self.private or origin == self.own else _private(origin, address)
        if origin.scheme == "http" and not self.http:
            return f"{origin.host} is {address}, which is not this machine, and not https"
        allowed = self.private or is_public(address)
        return None if allowed else _private(origin, address)


def is_own_machine(address: str) -> bool:
    """Whether an IP address is a loopback address."""
    return address.removeprefix("::ffff:").startswith("127.") or address == "::1"


def is_public(address: str) -> bool:
    """Whether an IP address, and an IPv4 address inside it, is a public one."""
    from ipaddress import IPv6Address, ip_address, ip_network  # 3 ms that a loopback saves

    found = ip_address(address.partition("%")[0])
    if not isinstance(found, IPv6Address):
        return _is_global(found)
    if inner := found.ipv4_mapped or found.sixtofour:
        return _is_global(inner)
    if found in ip_network("64:ff9b::/96"):  # NAT64 (RFC 6052)
        return is_public(str(ip_address(int(found) & 0xFFFFFFFF)))
    # Addresses with an IPv4 address inside that are out of use, and NAT64 inside a network.
    hidden = any(found in ip_network(one) for one in ("::/96", "64:ff9b:1::/48", "2001::/32"))
    return not hidden and not found.is_site_local and _is_global(found)


def _is_global(address: "IPv4Address | IPv6Address") -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _private(origin: Origin, address: str) -> str:
    return f"{origin.host} is {address}, an address inside your network"
