"""Requests without a response: either nothing was sent, or the response was lost."""

import os
import ssl

from piooy_cli.domain.errors import UsageError

_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


class RequestFailed(Exception):
    """A request without a response. `final`: a retry cannot help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class RequestNotSent(RequestFailed):
    """No byte of the request left this machine."""


class AddressNotAllowed(RequestNotSent):
    """The host has no address that may be connected to."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, final=True)


class AnswerLost(RequestFailed):
    """The request, or a part of it, may have arrived; no response did."""


class AddressExpired(Exception):
    """An asset's URL has expired; the API may have a new one."""


def certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return the certificate error behind `error`, if that was the cause."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def failure_reason(error: BaseException) -> str:
    """Return the reason for people: the innermost OSError says `Connection refused`."""
    if certificate := certificate_error(error):
        return f"the server's certificate is not valid: {certificate.verify_message}"
    inner, found = error.__cause__ or error.__context__, error
    while inner:
        found = inner if isinstance(inner, OSError) and inner.strerror else found
        inner = inner.__cause__ or inner.__context__
    if isinstance(found, OSError) and isinstance(found.errno, int) and found.errno > 0:
        return os.strerror(found.errno)
    text = found.strerror if isinstance(found, OSError) else str(found)
    if text and "ConnectionClosed" in text:  # h11's own words
        return "the connection was closed without a response"
    return (text or type(error).__name__).strip()


def environment_error(error: Exception) -> UsageError:
    """Return the error for a client that cannot be made because of an environment variable.

    Only the variable's name is shown, since a proxy's URL may contain a password.
    """
    files = isinstance(error, OSError)
    names = _CERTIFICATE_VARIABLES if files else _PROXY_VARIABLES
    values = {name: os.environ.get(name) or os.environ.get(name.lower()) for name in names}
    file = getattr(error, "filename", None)
    found = [name for name, value in values.items() if value and file in (None, value)]
    where = " or ".join(found) or "the environment"
    kind = "file" if files else "proxy"
    return UsageError(f"the {kind} in {where} cannot be used", f"correct or unset {where}")
