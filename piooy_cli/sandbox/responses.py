"""Reading requests and building responses: envelopes and keys."""

import hashlib
import math
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


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
