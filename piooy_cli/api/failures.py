"""What an error of a request means: whether it was sent, and why it failed."""

from collections.abc import Sequence

from piooy_cli.api.connect import AddressRefused
from piooy_cli.api.exceptions import (
    AddressNotAllowed,
    AnswerLost,
    RequestFailed,
    RequestNotSent,
    certificate_error,
    failure_reason,
)
from piooy_cli.api.httpx_lite import httpx
from piooy_cli.api.proxies import proxy_name
from piooy_cli.domain.redaction import redact

_NEVER_LEFT = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL)


def request_failure(
    error: Exception, url: str, secrets: Sequence[str], *, sent: bool, limit: float = 0
) -> RequestFailed:
    """Return RequestNotSent or AnswerLost: the phase decides, not the exception.

    `limit`: the seconds that the whole request had. `secrets` are removed from the reason.
    """
    reason = redact(_reason(error, url, sent, limit), secrets)
    if isinstance(error, AddressRefused):
        return AddressNotAllowed(reason)
    hopeless = isinstance(error, (*_NEVER_LEFT, httpx.ProxyError)) and not sent
    fault = AnswerLost if sent else RequestNotSent
    return fault(reason, final=hopeless or certificate_error(error) is not None)


def _reason(error: Exception, url: str, sent: bool, limit: float) -> str:
    """Return why a request failed. A server's own bytes may be part of it."""
    if isinstance(error, AddressRefused):
        return str(error)
    if isinstance(error, httpx.TimeoutException):
        reason = "no response in time" if sent else "no connection in time"
    elif isinstance(error, TimeoutError):
        reason = f"no complete response within {limit:g} s"
    else:
        reason = failure_reason(error)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return f"{proxy_name(url)}{reason}"
    return reason
