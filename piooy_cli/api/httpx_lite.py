"""httpx without its command line, which it imports wherever click is installed."""

import sys

_no_click = sys.modules.setdefault("click", None)  # type: ignore[arg-type]
import httpx  # noqa: E402

if _no_click is None:
    del sys.modules["click"]

__all__ = ["httpx"]
