"""Which URLs a key or an asset request may go to. Pure."""

import re
from urllib.parse import urlsplit

from piooy_cli.domain.errors import UsageError

DEFAULT_BASE_URL = "https://piooy.com"


_PLAIN_URL = re.compile(r"[\x21-\x7e]+")


_LONGEST_ADDRESS = 16_384


_LOOPBACK = re.compile(r"localhost|([a-z0-9-]+\.)+localhost|127(\.[0-9]{1,3}){3}|::1", re.ASCII)


def is_loopback(host: str | None) -> bool:
    """Whether `host` is this machine and no other."""
    return _LOOPBACK.fullmatch((host or "").lower()) is not None


def is_safe_url(url: str) -> bool:
    """Whether an address is https, or http that never leaves this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def asset_url_fault(url: str, *, http: bool = False) -> str | None:
    """Why no asset is fetched from `url`; None where it is. `http`: also in the open."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "has an address that is none"
    if len(url) > _LONGEST_ADDRESS or "@" in parts.netloc or parts.scheme not in ("http", "https"):
        return "has an address that no server should give"
    return None if http or is_safe_url(url) else "is on http, not https"


def check_base_url(url: str, origin: str = "--base-url") -> str:
    """`url` without its trailing slash, or UsageError where a key must not be sent to it."""
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or not _PLAIN_URL.fullmatch(url) or parts.scheme not in ("http", "https"):
        raise UsageError(f"{origin}: {url!r} is no http(s) address", f"such as {DEFAULT_BASE_URL}")
    if parts.username is not None or parts.query or parts.fragment or ".." in parts.path:
        raise UsageError(f"{origin}: only scheme, host, port and path may be given")
    if not is_safe_url(url):
        raise UsageError(
            f"{origin}: {url!r} is not https; a key would travel in the open",
            "http is accepted for this machine only, such as http://127.0.0.1:8787",
        )
    return url.rstrip("/")
