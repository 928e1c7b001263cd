"""Which proxy the environment names for a URL."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from piooy_cli.config.urls import is_loopback


def proxy_of(url: str) -> str | None:
    """Return the proxy for requests to `url`; None if they are made directly."""
    parts, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or not parts.hostname or is_loopback(parts.hostname):
        return None
    if proxy_bypass(parts.hostname):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def proxy_name(url: str) -> str:
    """Return the proxy that a request to `url` goes through, for the front of a reason."""
    if not (proxy := proxy_of(url)):
        return ""
    at = urlsplit(proxy)
    return f"the proxy {at.hostname}:{at.port}: " if at.port else f"the proxy {at.hostname}: "
