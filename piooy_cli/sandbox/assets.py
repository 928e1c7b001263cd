"""Serving the files of tasks: ranges, ETags, and injected faults."""

import hashlib
import re
import secrets
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_HTML = b"<!doctype html><title>404</title><h1>No such picture</h1>"


def reply(request: Request, content: bytes, media_type: str, faults: Iterable[str]) -> Response:
    """Return the file, or the requested range if the file is still the same."""
    faults = set(faults)
    if "asset-html" in faults:
        return Response(_HTML, media_type="text/html")
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if "asset-etag-change" in faults:
        etag = f'"{secrets.token_hex(8)}"'
    headers = {"etag": etag, "accept-ranges": "bytes"}
    if "asset-no-range" in faults:
        headers["accept-ranges"] = "none"
        return Response(content, media_type=media_type, headers=headers)
    return _part(request, content, media_type, headers)


def _part(request: Request, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
    asked = _asked(request, len(content))
    same = request.headers.get("if-range", headers["etag"]) == headers["etag"]
    if asked is None or not same:
        return Response(content, media_type=media_type, headers=headers)
    first, last = asked
    if first >= len(content):
        beyond = {"content-range": f"bytes */{len(content)}"}
        return Response(status_code=416, headers=headers | beyond)
    headers["content-range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, headers, media_type)


def _asked(request: Request, length: int) -> tuple[int, int] | None:
    """Parse the first and last byte of a range; None if there is no valid one."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if request.method != "GET" or not match or match[0] == "bytes=-":
        return None
    if not match[1]:
        return max(length - int(match[2]), 0), length - 1
    first = int(match[1])
    last = int(match[2]) if match[2] else max(first, length)
    return (first, min(last, length - 1)) if first <= last else None
