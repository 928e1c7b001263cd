"""The checks of `piooy config check`: each ends ok, with a warning or an error, and a remedy."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from piooy_cli import __version__
from piooy_cli.app.context import Context
from piooy_cli.domain.errors import NotFound, PiooyError, Unreachable
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Task
from piooy_cli.files.ownership import others_read, quoted
from piooy_cli.files.writing import strays_of

_LITTLE_ROOM = 100 << 20  # bytes: a video may be as large
_PROXIES = ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY")


class Finding(NamedTuple):
    """The result of one check. `trouble` decides the exit code if the state is error."""

    what: str
    state: str
    found: str
    remedy: str = ""
    trouble: PiooyError | None = None


# What cannot be known where the config file cannot be read.
_NEED_CONFIG = frozenset(["profile", "base_url", "key", "keyring", "ledger", "api"])
_Found = tuple[str, str, str]  # state, what was found, remedy


def diagnose(context: Context) -> Iterator[Finding]:
    """Run every check; one that fails does not stop the others."""
    checks: dict[str, Callable[[Context], _Found]] = {
        "piooy": lambda _: ("ok", f"{__version__}, Python {_python()}, {sys.platform}", ""),
        "config": _config, "profile": _profile, "base_url": _base_url, "key": _key,
        "keyring": _keyring, "proxy": _proxy, "certificates": _certificates, "ledger": _ledger,
        "disk": _disk, "api": _api,
    }  # fmt: skip
    broken = False
    for what, check in checks.items():
        if broken and what in _NEED_CONFIG:
            continue
        found = _checked(what, check, context)
        broken = broken or (what == "config" and found.state == "error")
        yield found


def _checked(what: str, check: Callable[[Context], _Found], context: Context) -> Finding:
    try:
        return Finding(what, *check(context))
    except PiooyError as error:
        return Finding(what, "error", error.message, error.hint(), error)
    except Exception as error:  # noqa: BLE001 - a broken installation may raise anything
        return Finding(what, "error", f"{type(error).__name__}: {error}")


def _python() -> str:
    return sys.version.split()[0]


def _config(context: Context) -> _Found:
    file = context.directories.config_file
    if warnings := context.resolved.warnings:
        return (
            "warning",
            f"{file}: {warnings[0]}",
            Hint("config edit", sentence="to open it: {}").render(),
        )
    return "ok", str(file) if file.exists() else f"{file} (not there, and not needed)", ""


def _profile(context: Context) -> _Found:
    return "ok", context.settings.profile, ""


def _base_url(context: Context) -> _Found:
    return "ok", context.settings.base_url, ""


def _key(context: Context) -> _Found:
    if context.settings.sandbox:
        return "ok", "not needed in the sandbox", ""
    key = context.key
    found = f"…{key.tail} from {key.origin}"
    if key.file and others_read(key.file):
        remedy = f"`chmod go-r {quoted(key.file)}`"
        return "warning", f"{found}, which other users can read", remedy
    if strays := strays_of(context.key_store.file):
        remove = f"`rm {' '.join(map(quoted, strays))}`"
        return "warning", f"{found}; a run that was killed left a copy of stored keys", remove
    return "ok", found, ""


def _keyring(context: Context) -> _Found:
    """Check the keyring; a missing one is not an error, since the key may come from elsewhere."""
    from piooy_cli.config.keyring import KeyringTrouble

    try:
        stored = context.key_store.keyring.read()
    except KeyringTrouble as trouble:
        return (
            "warning",
            trouble.reason,
            Hint("config set-key", ("--store", "file"), "to do without it: {}").render(),
        )
    return "ok", f"answers; {'a' if stored else 'no'} key for {context.key_store.account}", ""


def _proxy(context: Context) -> _Found:
    """Show scheme, host and port only: a proxy's URL may contain a password."""
    found = []
    for name in _PROXIES:
        text = context.environ.get(name) or context.environ.get(name.lower())
        if text:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            try:
                port = f":{parts.port}" if parts.port else ""
            except ValueError:
                port = None
            if not parts.hostname or port is None:
                return "error", f"{name} is not a proxy URL", f"correct or unset {name}"
            found.append(f"{name}: {parts.scheme}://{parts.hostname}{port}")
    return "ok", ", ".join(found) or "none", ""


def _certificates(context: Context) -> _Found:
    """Check that the certificates named by variables can be loaded."""
    import ssl

    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := context.environ.get(name):
            where = {"cafile": path} if name.endswith("FILE") else {"capath": path}
            try:
                if not Path(path).exists():
                    raise FileNotFoundError
                ssl.create_default_context(**where)  # type: ignore[arg-type]
            except OSError as error:
                missing = isinstance(error, FileNotFoundError)
                why = "it does not exist" if missing else "it contains no certificates"
                return "error", f"{name}: {path}: {why}", f"correct or unset {name}"
            return "ok", f"{name}: {path}", ""
    return "ok", "bundled", ""


def _ledger(context: Context) -> _Found:
    from piooy_cli.app.ledger import ledger_path

    path = ledger_path(context.directories.state)
    ledger = context.existing_store()
    if ledger is None:
        return "ok", f"{path} (not there yet)", ""
    if broken := list(ledger.integrity_errors()):
        details = Hint("history check", sentence="for the details: {}")
        keep = "keep the file and report this"
        raise PiooyError(f"{path}: {' '.join(broken[0])}", [details, keep])
    return "ok", f"{path}, sound", ""


def _disk(context: Context) -> _Found:
    above = context.directories.state.absolute()
    place = next(one for one in (above, *above.parents) if os.path.lexists(one))
    free = shutil.disk_usage(place).free
    room = f"{free / (1 << 30):,.1f} GiB free for {context.directories.state}"
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return "error", f"{place} cannot be written to", "set PIOOY_STATE_DIR to another place"
    return ("ok", room, "") if free > _LITTLE_ROOM else ("warning", room, "free some space")


def _api(context: Context) -> _Found:
    try:
        _key(context)
    except PiooyError:
        return "warning", "not checked without a key", ""
    try:
        return "ok", context.run(_answers), ""
    except Unreachable as error:
        raise Unreachable(
            error.message.removeprefix("piooy-check: "),
            "check the network, the proxy and base_url; nothing was charged",
        ) from None


async def _answers(context: Context) -> str:
    """Read a task that cannot exist: 404 means that the key is valid. Nothing is charged."""
    async with context.api() as api:
        try:
            await api.task(Task("piooy-check"))
        except NotFound:
            return "responds and accepts the key"
    return "answers"
