"""The sandbox as an ASGI application: its routes, with fault injection and logging."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route

from piooy_cli.sandbox.access import Access
from piooy_cli.sandbox.endpoints import Endpoints
from piooy_cli.sandbox.fault_middleware import Faulty
from piooy_cli.sandbox.faults import Chance
from piooy_cli.sandbox.options import SandboxOptions
from piooy_cli.sandbox.responses import broken, refusal
from piooy_cli.sandbox.store import SandboxStore

_NO_SOCKET = Access()


def sandbox_application(
    state: Path, options: SandboxOptions, access: Access = _NO_SOCKET, *, has_wire: bool = False
) -> Any:
    """Return the application, tasks in the file `state`. `has_wire`: behind the fault proxy."""
    chance = Chance(options.faults, options.seed)
    if options.replay:
        from piooy_cli.sandbox.replay import replay_application as replayed

        return Faulty(replayed(options.replay), chance, options.log, access, has_wire=has_wire)
    endpoints = Endpoints(SandboxStore(state), options, chance)
    routes = [
        Route("/api/v1/generate", endpoints.generate, methods=["POST"]),
        Route("/api/v1/generate", endpoints.preflight, methods=["OPTIONS"]),
        Route("/api/v1/task/{id}", endpoints.task, methods=["GET"]),
        Route("/api/v1/contact", endpoints.contact, methods=["POST"]),
        Route("/openapi.json", endpoints.openapi, methods=["GET"]),
        Route("/messages", endpoints.messages, methods=["GET"]),
        Route("/assets/{id}/{name}", endpoints.asset, methods=["GET"]),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: refusal, Exception: broken})
    app.router.redirect_slashes = False
    return Faulty(app, chance, options.log, access, has_wire=has_wire)
