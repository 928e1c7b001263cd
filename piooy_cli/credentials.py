"""The API key: from variable, file, keyring or the 0600 file; checked at the door, never shown.

A key is bound to profile and host, so that it never goes to another one.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from piooy_cli.errors import NotSignedIn, PiooyError, StorageRefused
from piooy_cli.paths import expanded
from piooy_cli.places import write_private
from piooy_cli.settings import Settings

T = TypeVar("T")

SERVICE = "piooy"
KEYRING_SECONDS = 3.0
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_ASCII_SPACE = " \t\r\n\v\f"
_FOUR_WAYS = (
    "set PIOOY_API_KEY, or PIOOY_API_KEY_FILE, or store it with `piooy config set-key`"
    " (keyring, or --store file); `--sandbox` needs none"
)


@dataclass(frozen=True, slots=True)
class Key:
    """A key and where it was found. Its repr does not hold it."""

    secret: str
    origin: str

    def __repr__(self) -> str:
        return f"Key(…{self.tail}, {self.origin})"

    @property
    def tail(self) -> str:
        """The last four characters: enough to tell keys apart."""
        return self.secret[-4:] if len(self.secret) >= 12 else "****"


class Vault(NamedTuple):
    """Where stored keys of one profile at one host are."""

    account: str
    file: Path

    @classmethod
    def of(cls, settings: Settings, config: Path) -> "Vault":
        """The vault of these settings: account `PROFILE@HOST`."""
        return cls(f"{settings.profile}@{urlsplit(settings.base_url).netloc}", config / "keys.json")


def find_key(environ: Mapping[str, str], vault: Vault) -> Key:
    """The first key found, in the documented order. Raises NotSignedIn where there is none."""
    hint = ""
    if key := _from_environment(environ):
        return key
    try:
        if secret := read_keyring(vault.account):
            return Key(checked(secret, "the keyring"), "keyring")
    except KeyringTrouble as trouble:
        hint = f" ({trouble.reason})"
    if secret := _stored(vault.file).get(vault.account):
        return Key(checked(secret, str(vault.file)), str(vault.file))
    raise NotSignedIn(f"no API key for {vault.account}{hint}", _FOUR_WAYS)


def checked(text: str, origin: str) -> str:
    """A key without the white space around it, or NotSignedIn; the text itself is never told."""
    key = text.strip(_ASCII_SPACE)
    if not key:
        raise NotSignedIn(f"the key in {origin} is empty", _FOUR_WAYS)
    if not _PRINTABLE.fullmatch(key) or key[0] in "\"'" or key[-1] in "\"'":
        raise NotSignedIn(
            f"the key in {origin} has a space, a quote or an invisible character in it",
            "copy it again; it is printable ASCII without spaces",
        )
    return key


class KeyringTrouble(Exception):
    """The keyring did not answer, or not in time."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_keyring(account: str) -> str | None:
    """The stored key, within 3 seconds or not at all. Raises KeyringTrouble."""
    stored: str | None = _bounded(lambda: _keyring().get_password(SERVICE, account))
    return stored


def store_in_keyring(account: str, secret: str) -> None:
    """Raises KeyringTrouble where there is no keyring, or it is locked."""
    _bounded(lambda: _keyring().set_password(SERVICE, account, secret))
    # Some backends take a password and keep nothing.
    if read_keyring(account) != secret:
        raise KeyringTrouble("the keyring did not keep it")


def delete_from_keyring(account: str) -> bool:
    """Whether there was one."""
    try:
        if read_keyring(account) is None:
            return False
        _bounded(lambda: _keyring().delete_password(SERVICE, account))
    except KeyringTrouble:
        return False
    return True


def store_in_file(vault: Vault, secret: str) -> None:
    """Keep the key in the 0600 file."""
    write_private(vault.file, json.dumps(_stored(vault.file) | {vault.account: secret}, indent=1))


def delete_from_file(vault: Vault) -> bool:
    """Whether there was one."""
    stored = _stored(vault.file)
    if vault.account not in stored:
        return False
    del stored[vault.account]
    write_private(vault.file, json.dumps(stored, indent=1))
    return True


def _from_environment(environ: Mapping[str, str]) -> Key | None:
    if text := environ.get("PIOOY_API_KEY"):
        return Key(checked(text, "PIOOY_API_KEY"), "PIOOY_API_KEY")
    if name := environ.get("PIOOY_API_KEY_FILE"):
        return Key(checked(_read(Path(name)), "the file that PIOOY_API_KEY_FILE names"), name)
    return None


def _read(path: Path) -> str:
    try:
        with expanded(path).open("rb") as file:
            return file.read(8192).decode("utf-8", "replace")
    except OSError as error:
        raise NotSignedIn(f"PIOOY_API_KEY_FILE: {path}: {error.strerror}", _FOUR_WAYS) from None


def _stored(path: Path) -> dict[str, str]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise StorageRefused(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise StorageRefused(f"{path} is no JSON", "remove it and store the key again") from None
    return (
        {name: key for name, key in value.items() if isinstance(key, str)}
        if isinstance(value, dict)
        else {}
    )


def _keyring() -> Any:
    import keyring  # the last resort: finding a backend costs 120 to 270 ms

    return keyring


def _bounded(call: Callable[[], T]) -> T:
    """Run `call` in a thread that may be left behind: a D-Bus that never answers hangs for ever."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001 - a backend may raise even SystemExit
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(KEYRING_SECONDS)
    if outcome:
        return outcome[0]
    if failure and isinstance(failure[0], PiooyError):
        raise failure[0]
    raise KeyringTrouble(_trouble(failure))


def _trouble(failure: list[BaseException]) -> str:
    if not failure:
        return f"the keyring did not answer within {KEYRING_SECONDS:.0f} s; PIOOY_API_KEY avoids it"
    name = type(failure[0]).__name__
    if name == "NoKeyringError":
        return "this machine has no keyring"
    return f"the keyring failed: {name}"
