"""Starting the sandbox: inside the process for `--sandbox`, on a port for `serve`.

Written from the published API description alone: it shares no code with the client.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from piooy_cli.config.urls import is_loopback
from piooy_cli.domain.errors import StorageRefused, UsageError
from piooy_cli.files.writing import private_directory
from piooy_cli.sandbox.access import Access, own_hosts, parse_origins
from piooy_cli.sandbox.faults import ON_THE_WIRE
from piooy_cli.sandbox.faults import parse_faults as parsed_faults
from piooy_cli.sandbox.limits import parse_limits as parsed_limits
from piooy_cli.sandbox.options import SandboxOptions
from piooy_cli.sandbox.shapes import SHAPES, shape_names

T = TypeVar("T")

STATE_FILE = "sandbox.sqlite3"
HURRY = 20.0  # a user is waiting: an image takes two seconds
_NO_SOCKET = Access()  # inside a process there is nobody else
_MISSING = "to install it: `pip install 'piooy[sandbox]'`"


def sandbox_app(state: Path) -> Any:
    """Return the ASGI application with its tasks in `state`, for use inside a process."""
    return _application(private_directory(state) / STATE_FILE, SandboxOptions(HURRY))


def sandbox_options(
    options: Mapping[str, Any], faults: str, limits: str, shape: str, origins: Sequence[str],
    seconds: Callable[..., float],
) -> SandboxOptions:  # fmt: skip
    """Parse the options of `sandbox serve`. Raises UsageError."""
    if shape and (shape.partition("+")[0] not in SHAPES or shape.partition("+")[2] not in
                  ("", "string", "twice")):  # fmt: skip
        raise UsageError(
            f"--result-shape: unknown shape {shape!r}", f"known: {' '.join(shape_names())}"
        )
    return SandboxOptions(
        faults=_parsed("--faults", lambda: parsed_faults(_spec(faults))),
        limits=_parsed("--limits", lambda: parsed_limits(limits)),
        origins=_parsed("--cors", lambda: parse_origins(origins)),
        shape=shape, seconds=seconds, **options,
    )  # fmt: skip


def _parsed(option: str, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def serve(
    state: Path, host: str, port: int, options: SandboxOptions, note: Callable[[str], None],
    *, remote: bool = False,
) -> None:  # fmt: skip
    """Serve until a signal. Raises UsageError if the host or port is not available."""
    if not remote and not is_loopback(host):
        hint = "pass --allow-remote to serve others; they can use any key"
        raise UsageError(f"--host {host}: only addresses of this machine are allowed", hint)
    if options.speed <= 0:
        raise UsageError(f"--speed {options.speed:g} must be more than 0")
    wire = any(fault.name in ON_THE_WIRE for fault in options.faults)
    private_directory(state.absolute().parent)
    try:
        from piooy_cli.sandbox.server import listen, run_server
    except ImportError as error:
        raise UsageError(
            f"the sandbox's server is not installed ({error.name} is missing)", _MISSING
        ) from None
    with listen(host, port) as listening:
        hosts = None if remote else own_hosts(host, listening.getsockname()[1])
        app = _application(state, options, Access(hosts, options.origins), has_wire=wire)
        run_server(app, listening, host, note, wire=wire)


def reset(state: Path) -> None:
    """Delete every task."""
    for name in (STATE_FILE, f"{STATE_FILE}-journal"):
        try:
            (state / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageRefused(f"cannot remove {state / name}: {error.strerror}") from None


def _application(
    state: Path, options: SandboxOptions, access: Access = _NO_SOCKET, *, has_wire: bool = False
) -> Any:
    """Raise UsageError if the extra is not installed."""
    try:
        from piooy_cli.sandbox.app import sandbox_application
    except ImportError as error:
        raise UsageError(
            f"the sandbox is not installed ({error.name} is missing)", _MISSING
        ) from None
    return sandbox_application(state, options, access, has_wire=has_wire)


def _spec(text: str) -> str:
    """Return the faults, or the content of the file of that name."""
    path = Path(text)
    try:
        return path.read_text(encoding="utf-8") if text and path.is_file() else text
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{text} cannot be read: {error}") from None
