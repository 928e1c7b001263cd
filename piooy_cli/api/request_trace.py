"""How far one request got: whether anything was sent decides what a fault means."""

from collections.abc import Callable, Mapping
from typing import Any


class RequestTrace:
    """One try of a request, and how far it got. httpx's exceptions cannot tell; its trace can."""

    def __init__(self, method: str = "POST") -> None:
        self._method = method.encode()
        self.started = False
        self.when_sent: Callable[[], None] = lambda: None
        self._traced = False
        self._headers_left = False

    @property
    def sent(self) -> bool:
        """Whether a byte of the request may have left. A transport without trace counts as sent."""
        return self._headers_left or (self.started and not self._traced)

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of one trace event; a proxy's CONNECT is not the request itself."""
        self._traced = True
        leaves = event.endswith("send_request_headers.started")
        if leaves and info["request"].method == self._method and not self._headers_left:
            self._headers_left = True
            self.when_sent()
