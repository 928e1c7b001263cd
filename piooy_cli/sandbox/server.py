"""Serving the sandbox on a port: hypercorn, a ready line, a clean stop on SIGINT and SIGTERM."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from piooy_cli.domain.errors import UsageError
from piooy_cli.sandbox.fault_proxy import Relay

_BACKLOG = 512
_PATIENCE = 2.0  # seconds for answers that are on their way at the end


def run_server(
    app: Any, listening: socket.socket, host: str, note: Callable[[str], None], *, wire: bool
) -> None:
    """Serve `app` until a signal. `wire`: behind the fault proxy."""
    asyncio.run(_serve(app, listening, host, note, wire))


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        hint = "choose another port with --port; 0 picks a free one"
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}", hint) from None
    listening.listen(_BACKLOG)
    return listening


async def _serve(
    app: Any, listening: socket.socket, host: str, note: Callable[[str], None], wire: bool
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    # Connections that are cut at the end are expected.
    loop.set_exception_handler(
        lambda _, context: None if stop.is_set() else loop.default_exception_handler(context)
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listening.getsockname()[1]}"
    behind = listening
    if wire:
        behind = listen("127.0.0.1", 0)
        relay = Relay(behind.getsockname()[1])
        await asyncio.start_server(relay.connection, sock=listening)
    note(f"serving the sandbox on {url}; to use it: PIOOY_BASE_URL={url} PIOOY_API_KEY=any")
    serving = asyncio.create_task(serve(app, _config(behind), shutdown_trigger=stop.wait))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    # Later Pythons wait for every answer that is on its way, however slow.
    done, _ = await asyncio.wait({serving}, timeout=_PATIENCE)
    for one in done:
        one.result()


def _config(listening: socket.socket) -> Config:
    config = Config()
    config.bind = [f"fd://{listening.detach()}"]  # which closes it at the end
    config.graceful_timeout = 1
    config.errorlog = logging.getLogger("piooy.sandbox")
    config.errorlog.addHandler(logging.NullHandler())
    config.errorlog.propagate = False
    return config
