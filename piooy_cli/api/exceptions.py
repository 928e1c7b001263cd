"""Requests that brought no answer, told as one of two things: nothing was sent, or it was lost."""

import os
import ssl

from piooy_cli.domain.errors import UsageError

_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class RequestFailed(Exception):
    """A request that brought no answer. `final`: trying again cannot help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final


class RequestNotSent(RequestFailed):
    """No byte of the request left this machine."""


class AnswerLost(RequestFailed):
    """The request, or a part of it, may have arrived; its answer did not."""


class AddressExpired(Exception):
    """An asset's address is no longer good; the API may have a fresh one."""


def certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The refused certificate behind `error`, if that was the cause."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def failure_reason(error: BaseException) -> str:
    """Why, for a person: the innermost OSError says `Connection refused` in plain words."""
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
        return "the connection was closed without an answer"
    return (text or type(error).__name__).strip()


def environment_error(error: Exception) -> UsageError:
    """A client could not even be made: a variable of the environment is wrong.

    Only its name is told, since a proxy's address may hold a password.
    """
    files = isinstance(error, OSError)
    names = _CERTIFICATE_VARIABLES if files else _PROXY_VARIABLES
    found = [name for name in names if os.environ.get(name) or os.environ.get(name.lower())]
    where = " or ".join(found) or "the environment"
    kind = "certificate file" if files else "proxy"
    return UsageError(f"the {kind} that {where} names cannot be used", f"correct or unset {where}")
