"""What `piooy config check` finds: each line ok, a warning or an error, with its remedy."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from piooy_cli import __version__
from piooy_cli.errors import NotFound, PiooyError
from piooy_cli.models import Task
from piooy_cli.session import Session

_LITTLE_ROOM = 100 << 20  # bytes: a video may be as large
_PROXIES = ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY")


class Finding(NamedTuple):
    """One line. `trouble` decides the exit code where the state is error."""

    what: str
    state: str
    found: str
    remedy: str = ""
    trouble: PiooyError | None = None


_Found = tuple[str, str, str]  # state, what was found, remedy


def report(session: Session) -> Iterator[Finding]:
    """Every check, each by itself: one that fails stops no other."""
    checks: dict[str, Callable[[Session], _Found]] = {
        "piooy": lambda _: ("ok", f"{__version__}, Python {_python()}, {sys.platform}", ""),
        "config": _config, "profile": _profile, "base_url": _base_url, "key": _key,
        "keyring": _keyring, "proxy": _proxy, "certificates": _certificates, "ledger": _ledger,
        "disk": _disk, "api": _api,
    }  # fmt: skip
    for what, check in checks.items():
        try:
            yield Finding(what, *check(session))
        except PiooyError as error:
            yield Finding(what, "error", error.message, error.hint, error)


def _python() -> str:
    return sys.version.split()[0]


def _config(session: Session) -> _Found:
    file = session.places.config_file
    if warnings := session.resolved.warnings:
        return "warning", f"{file}: {warnings[0]}", "`piooy config edit` opens it"
    return "ok", str(file) if file.exists() else f"{file} (not there; it need not be)", ""


def _profile(session: Session) -> _Found:
    return "ok", session.settings.profile, ""


def _base_url(session: Session) -> _Found:
    return "ok", session.settings.base_url, ""


def _key(session: Session) -> _Found:
    if session.settings.sandbox:
        return "ok", "none needed in the sandbox", ""
    return "ok", f"…{session.key.tail} from {session.key.origin}", ""


def _keyring(session: Session) -> _Found:
    """One that is not there is no error: the key may come from elsewhere."""
    from piooy_cli.keyrings import KeyringTrouble

    try:
        stored = session.vault.keyring.read()
    except KeyringTrouble as trouble:
        return "warning", trouble.reason, "`piooy config set-key --store file` does without"
    return "ok", f"answers; {'a' if stored else 'no'} key for {session.vault.account}", ""


def _proxy(session: Session) -> _Found:
    """Scheme, host and port alone: an address may hold a password."""
    found = [
        f"{name}: {parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
        for name in _PROXIES
        if (parts := _address(session.environ, name))
    ]
    return "ok", ", ".join(found) or "none", ""


def _address(environ: Mapping[str, str], name: str) -> SplitResult | None:
    text = environ.get(name) or environ.get(name.lower())
    return urlsplit(text) if text else None


def _certificates(session: Session) -> _Found:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        if path := session.environ.get(name):
            if Path(path).exists():
                return "ok", f"{name}: {path}", ""
            return "error", f"{name}: {path} is not there", f"correct or unset {name}"
    return "ok", "bundled", ""


def _ledger(session: Session) -> _Found:
    from piooy_cli.ledger import FILE
    from piooy_cli.ledger.checks import faults

    path = session.places.state / FILE
    if not path.exists():
        return "ok", f"{path} (not there yet)", ""
    if broken := list(faults(session.open_ledger())):
        hint = "`piooy history check` tells all; keep the file, and report it"
        raise PiooyError(f"{path}: {' '.join(broken[0])}", hint)
    return "ok", f"{path}, sound", ""


def _disk(session: Session) -> _Found:
    above = session.places.state.absolute()
    place = next(one for one in (above, *above.parents) if one.exists())
    free = shutil.disk_usage(place).free
    told = f"{free / (1 << 30):,.1f} GiB free for {session.places.state}"
    if not os.access(place, os.W_OK):
        return "error", f"{place} cannot be written to", "set PIOOY_STATE_DIR to another place"
    return ("ok", told, "") if free > _LITTLE_ROOM else ("warning", told, "make room")


def _api(session: Session) -> _Found:
    try:
        _key(session)
    except PiooyError:
        return "warning", "not asked without a key", ""
    return "ok", session.run(_answers), ""


async def _answers(session: Session) -> str:
    """Ask for a task that cannot exist: 404 means that the key is good, and nothing is charged."""
    async with session.api() as api:
        try:
            await api.task(Task("piooy-check"))
        except NotFound:
            return "answers, and takes the key"
    return "answers"
