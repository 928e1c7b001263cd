"""The three endpoints, the preflight and the assets, as an ASGI application."""

import hashlib
import json
import time
import uuid
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from piooy_cli.sandbox import contract
from piooy_cli.sandbox.media import Work, files_of, make
from piooy_cli.sandbox.store import Row, Store

# Seconds from acceptance to success, as a person would like to wait for a demonstration.
_SECONDS = {"image": 2.0, "music": 4.0, "video": 6.0, "character": 3.0}
_BIGGEST_BODY = 64 << 20
_CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type",
}


def application(state: Path, speed: float = 1) -> Starlette:
    """The API with its tasks in the file `state`; a task takes its time divided by `speed`."""
    endpoints = _Endpoints(Store(state), speed)
    return Starlette(
        routes=[
            Route("/api/v1/generate", endpoints.generate, methods=["POST"]),
            Route("/api/v1/generate", endpoints.preflight, methods=["OPTIONS"]),
            Route("/api/v1/task/{id}", endpoints.task, methods=["GET"]),
            Route("/api/v1/contact", endpoints.contact, methods=["POST"]),
            Route("/assets/{id}/{name}", endpoints.asset, methods=["GET"]),
        ]
    )


class _Endpoints:
    def __init__(self, store: Store, speed: float) -> None:
        self._store = store
        self._speed = speed

    async def preflight(self, request: Request) -> Response:
        return Response(status_code=204, headers=_CORS)

    async def generate(self, request: Request) -> Response:
        owner = _owner(request)
        if owner is None:
            return _error(401, "no auth, please sign in")
        try:
            body = await _body(request)
        except ValueError as error:
            return _error(400, str(error))
        if fault := contract.generate_fault(body):
            return _error(400, fault)
        row = Row(str(uuid.uuid4()), owner, time.time(), self._speed, body)
        self._store.add(row)
        return _ok({"taskId": row.id})

    async def task(self, request: Request) -> Response:
        owner = _owner(request)
        if owner is None:
            return _error(401, "no auth, please sign in")
        row = self._store.get(request.path_params["id"])
        if row is None:
            return _error(404, "task not found")
        if row.owner != owner:
            return _error(403, "no permission")
        return _ok(_task(row, str(request.base_url)))

    async def contact(self, request: Request) -> Response:
        try:
            body = await _body(request)
        except ValueError as error:
            return _error(400, str(error))
        if fault := contract.contact_fault(body):
            return _error(400, fault)
        self._store.add_message(time.time(), body["email"], body["content"])
        return JSONResponse({"code": 0, "message": "ok"})

    async def asset(self, request: Request) -> Response:
        row, name = self._store.get(request.path_params["id"]), request.path_params["name"]
        known = (
            {one.name: one for one in files_of(_work(row))}
            if row and _status(row) == "SUCCESS"
            else {}
        )
        if row is None or name not in known:
            return Response("no such file", 404)
        content = await run_in_threadpool(make, _work(row), name)
        return Response(content, media_type=known[name].media_type)


def _task(row: Row, base_url: str) -> dict[str, Any]:
    request, status = row.request, _status(row)
    return {
        "id": row.id,
        "status": status,
        "mediaType": request["mediaType"],
        "model": request["model"],
        "provider": request["provider"],
        "taskResult": _result(row, base_url) if status == "SUCCESS" else None,
    }


def _status(row: Row) -> str:
    """A function of the time since acceptance, and of nothing else: no clock has to run."""
    share = (time.time() - row.accepted) * row.speed / _SECONDS[row.request["mediaType"]]
    return "PENDING" if share < 0.25 else "PROCESSING" if share < 1 else "SUCCESS"


def _result(row: Row, base_url: str) -> dict[str, Any]:
    work = _work(row)
    urls = {one.name: f"{base_url}assets/{row.id}/{one.name}" for one in files_of(work)}
    return work.result(urls) | {"note": "made by the piooy sandbox on this machine"}


def _work(row: Row) -> Work:
    request = row.request
    return Work(
        request["mediaType"],
        request["model"],
        request.get("prompt", ""),
        request.get("options", {}),
    )


def _owner(request: Request) -> str | None:
    """Who asks: a fingerprint of the bearer key, which itself is not kept."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return None
    return hashlib.sha256(key.strip().encode()).hexdigest()[:16]


async def _body(request: Request) -> Any:
    """The JSON of the body. Raises ValueError with the reason that the caller is told."""
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
    return value


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _ok(data: Any) -> Response:
    return JSONResponse({"code": 0, "message": "ok", "data": data}, headers=_CORS)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"code": -1, "message": message}, status, headers=_CORS)
