"""Which URLs a key or an asset request may go to. Pure."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.redaction import MASK

DEFAULT_BASE_URL = "https://piooy.com"
_PLAIN_URL = re.compile(r"[\x21-\x7e]+")
_LONGEST_ADDRESS = 16_384
_LOOPBACK = re.compile(r"localhost|([a-z0-9-]+\.)+localhost|127(\.[0-9]{1,3}){3}|::1", re.ASCII)


class AssetHosts(NamedTuple):
    """Which hosts assets are fetched from, beside public ones over https.

    `http`: also without encryption; `private`: also inside this network and on this machine.
    """

    http: bool = False
    private: bool = False


PUBLIC_ONLY = AssetHosts()


def is_loopback(host: str | None) -> bool:
    """Whether `host` is a name or an address of this machine."""
    return _LOOPBACK.fullmatch((host or "").lower()) is not None


def is_safe_url(url: str) -> bool:
    """Whether a URL is https, or http that never leaves this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def asset_url_fault(url: str, hosts: AssetHosts) -> str | None:
    """Return why no asset is fetched from `url`; None if it is."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "has an invalid URL"
    if len(url) > _LONGEST_ADDRESS or "@" in parts.netloc or parts.scheme not in ("http", "https"):
        return "has a URL that no server should return"
    if MASK in url:
        return "has your API key in its URL"
    return None if hosts.http or is_safe_url(url) else "is served over http, not https"


def check_base_url(url: str, origin: str = "--base-url") -> str:
    """Return `url` without its trailing slash. Raises UsageError if no key may be sent there."""
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or not _PLAIN_URL.fullmatch(url) or parts.scheme not in ("http", "https"):
        raise UsageError(f"{origin}: {url!r} is not an http(s) URL", f"such as {DEFAULT_BASE_URL}")
    if parts.username is not None or parts.query or parts.fragment or ".." in parts.path:
        raise UsageError(f"{origin}: only scheme, host, port and path are allowed")
    if not is_safe_url(url):
        raise UsageError(
            f"{origin}: {url!r} is not https; the key would be sent unencrypted",
            "http is only allowed for this machine, such as http://127.0.0.1:8787",
        )
    return url.rstrip("/")
