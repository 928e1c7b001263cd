"""Reading requests and building responses: envelopes, keys, bodies."""

import hashlib
import json
import math
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_BIGGEST_BODY = 64 << 20
_DEEPEST = 64


def ok(data: Any = None) -> Response:
    """Return a success, without `data` if there is none."""
    answer = {"code": 0, "message": "ok"} | ({} if data is None else {"data": data})
    return JSONResponse(answer)


def error(status: int, message: str) -> Response:
    """Return an error as in the contract: `code` is not 0."""
    return JSONResponse({"code": -1, "message": message}, status)


async def refusal(request: Request, fault: Any) -> Response:
    """Return 404 and 405 for unknown paths, in the envelope."""
    answer = error(fault.status_code, str(fault.detail).lower())
    answer.headers.update(fault.headers or {})
    return answer


async def broken(request: Request, fault: Exception) -> Response:
    """Return an internal error in the envelope, without a traceback."""
    return error(500, "the sandbox cannot answer")


def limited(seconds: float, message: str = "Please retry after {}s.") -> Response:
    """Return 429, with the whole seconds after which to retry."""
    pause = max(math.ceil(seconds), 1) if math.isfinite(seconds) else 60
    body = {"error": "too_many_requests", "message": message.replace("{}", str(pause))}
    headers = {"retry-after": str(pause), "cache-control": "no-store"}
    return JSONResponse(body, 429, headers=headers)


def owner_of(request: Request, keys: tuple[str, ...]) -> str | None:
    """Return the user as a fingerprint of the bearer key, which is not stored; None without one."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or (keys and key not in keys):
        return None
    return hashlib.sha256(key.encode()).hexdigest()[:16]


async def json_body(request: Request) -> Any:
    """Return the JSON of the body. Raises ValueError with the reason for the response."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ValueError("content-type must be application/json")
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > _BIGGEST_BODY:
            raise ValueError("the body is too large")
    try:
        value = json.loads(received.decode("utf-8"), parse_constant=_refuse)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ValueError("invalid JSON") from None
    if _depth(value) > _DEEPEST:
        raise ValueError("the JSON is nested too deeply")
    return value


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest


def _refuse(name: str) -> Any:
    raise ValueError(name)
