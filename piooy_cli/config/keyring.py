"""The system's keyring: asked for at most 3 seconds, the backend that answered last time first."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from piooy_cli.domain.errors import PiooyError, StorageRefused
from piooy_cli.files.reading import read_small
from piooy_cli.files.writing import write_private

T = TypeVar("T")

SERVICE = "piooy"
SECONDS = 3.0
_TYPING_SECONDS = 120
_LONGEST_NAME = 1024  # bytes
MEMORY = "keyring"  # the file that names the backend which answered


class KeyringTrouble(Exception):
    """The keyring did not answer, or not in time."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Keyring:
    """The keyring entry of one account. `memory`: the file that notes which backend answered.

    Every method raises KeyringTrouble.
    """

    def __init__(self, account: str, memory: Path) -> None:
        self.account = account
        self._memory = memory

    def read(self) -> str | None:
        """Return the stored key, if there is one."""
        return _bounded(self._read)

    def store(self, secret: str) -> None:
        """Store a key, and check that it was stored."""
        account = self.account
        # The system may ask for the keyring's password first.
        _bounded(lambda: _keyring().set_password(SERVICE, account, secret), _TYPING_SECONDS)
        # Some backends take a password and store nothing.
        if self.read() != secret:
            raise KeyringTrouble("the keyring did not store it")

    def is_plain_text(self) -> bool:
        """Whether the backend keeps keys in a file that anyone who reads it can use."""
        names = _bounded(lambda: [type(one).__name__.lower() for one in _backends()])
        return bool(names) and ("plaintext" in names[0] or "uncrypt" in names[0])

    def delete(self) -> bool:
        """Delete the key; return whether there was one."""
        if self.read() is None:
            return False
        _bounded(lambda: _keyring().delete_password(SERVICE, self.account))
        with suppress(OSError):
            self._memory.unlink(missing_ok=True)
        return True

    def _read(self) -> str | None:
        return self._read_again() or self._search()

    def _read_again(self) -> str | None:
        """Read from the backend that answered last time: finding one takes longer than reading."""
        if _is_chosen():
            return None
        with suppress(Exception):  # whatever is wrong with it, the search will tell
            name = read_small(self._memory, _LONGEST_NAME).decode().strip()
            if _is_installed(name):
                from keyring.core import load_keyring

                return load_keyring(name).get_password(SERVICE, self.account)
        return None

    def _search(self) -> str | None:
        for backend in _backends():
            secret: str | None = backend.get_password(SERVICE, self.account)
            if secret is not None:
                self._remember(backend)
                return secret
        return None

    def _remember(self, backend: Any) -> None:
        kind = type(backend)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if not _is_chosen() and _is_installed(name):
            with suppress(StorageRefused):
                write_private(self._memory, f"{name}\n")


def _keyring() -> Any:
    import keyring  # the last resort: finding a backend costs 120 to 270 ms

    return keyring


def _is_chosen() -> bool:
    """Whether the user has chosen a backend: then none is remembered."""
    if os.environ.get("PYTHON_KEYRING_BACKEND"):
        return True
    from keyring.util.platform_ import config_root

    return bool((config_root() / "keyringrc.cfg").exists())


def _is_installed(name: str) -> bool:
    """Whether a class belongs to keyring or to an installed plugin: the file imports no others."""
    if name.startswith("keyring.backends."):
        return True
    from importlib.metadata import entry_points  # for plugins alone

    modules = [one.module for one in entry_points(group="keyring.backends")]
    return any(name.startswith(f"{module}.") for module in modules)


def _backends() -> Iterator[Any]:
    """Yield the usable backends, one by one even where keyring chains several."""
    found = _keyring().get_keyring()
    from keyring.backends.chainer import ChainerBackend

    yield from found.backends if isinstance(found, ChainerBackend) else [found]


def _bounded(call: Callable[[], T], seconds: float = SECONDS) -> T:
    """Run `call` in a thread that can be left behind: D-Bus may never answer."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - a backend may raise even SystemExit
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if outcome:
        return outcome[0]
    if failure and isinstance(failure[0], PiooyError):
        raise failure[0]
    raise KeyringTrouble(_trouble(failure, seconds))


def _trouble(failure: list[BaseException], seconds: float) -> str:
    if not failure:
        return (
            f"the keyring did not answer within {seconds:.0f} s; set PIOOY_API_KEY to do without it"
        )
    name = type(failure[0]).__name__
    if name == "NoKeyringError":
        return "this machine has no keyring"
    return f"the keyring failed: {name}"
