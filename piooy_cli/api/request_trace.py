"""How far one request got: whether anything was sent decides what an error means."""

from collections.abc import Callable, Mapping
from typing import Any


class RequestTrace:
    """One attempt of a request, and how far it got, from httpx's trace of events.

    `when_sending` is called before the first byte is sent, `when_sent` after the last one.
    """

    def __init__(self, method: str = "POST") -> None:
        self._method = method.encode()
        self.started = False
        self.when_sending: Callable[[], None] = lambda: None
        self.when_sent: Callable[[], None] = lambda: None
        self._traced = False
        self._headers_left = False

    @property
    def sent(self) -> bool:
        """Whether a byte of the request may have been sent. Without a trace it counts as sent."""
        return self._headers_left or (self.started and not self._traced)

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Handle one trace event; a proxy's CONNECT is not the request itself."""
        self._traced = True
        leaves = event.endswith("send_request_headers.started")
        if leaves and info["request"].method == self._method and not self._headers_left:
            self._headers_left = True
            self.when_sending()
        elif self._headers_left and event.endswith("send_request_body.complete"):
            self.when_sent()
