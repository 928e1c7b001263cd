"""The API key: found in the environment, a file or the keyring; checked, and never shown.

A key is bound to profile and host, so that it never goes to another one.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from piooy_cli.config.core_dumps import disable_core_dumps
from piooy_cli.config.file import Directories
from piooy_cli.config.keyring import MEMORY, Keyring, KeyringTrouble
from piooy_cli.config.settings import Settings
from piooy_cli.domain.errors import NotSignedIn, StorageRefused
from piooy_cli.domain.hints import Hint
from piooy_cli.files.locks import locked
from piooy_cli.files.reading import expanded, read_small
from piooy_cli.files.writing import strays_of, write_private

_PRINTABLE = re.compile(r"[\x21-\x7e]{1,4096}", re.ASCII)
_ASCII_SPACE = " \t\r\n\v\f"
_FOUR_WAYS = Hint(
    "config set-key",
    sentence="set PIOOY_API_KEY or PIOOY_API_KEY_FILE, or store a key with {}"
    " (in the keyring, or with --store file); with `--sandbox` no key is needed",
)
_MOST, _MOST_KEYS = 8192, 1 << 20  # bytes of a key file, and of all stored keys


class Key(NamedTuple):
    """A key and where it was found. Its repr does not hold it."""

    secret: str
    origin: str
    file: Path | None = None

    def __repr__(self) -> str:
        return f"Key(…{self.tail}, {self.origin})"

    @property
    def tail(self) -> str:
        """The last four characters: enough to tell keys apart."""
        return self.secret[-4:] if len(self.secret) >= 12 else "****"


class KeyStore(NamedTuple):
    """Where stored keys of one profile at one host are."""

    account: str
    file: Path
    keyring: Keyring

    @classmethod
    def of(cls, settings: Settings, places: Directories) -> "KeyStore":
        """Return the store for these settings; its account is `PROFILE@HOST`."""
        account = f"{settings.profile}@{urlsplit(settings.base_url).netloc}"
        return cls(account, places.config / "keys.json", Keyring(account, places.state / MEMORY))


def find_key(environ: Mapping[str, str], vault: KeyStore) -> Key:
    """Return the first key found, in the documented order. Raises NotSignedIn if there is none."""
    disable_core_dumps()
    hint = ""
    if key := _from_environment(environ):
        return key
    try:
        if secret := vault.keyring.read():
            return Key(check_key(secret, "the keyring"), "keyring")
    except KeyringTrouble as trouble:
        hint = f" ({trouble.reason})"
    if secret := _stored(vault.file).get(vault.account):
        return Key(check_key(secret, str(vault.file)), str(vault.file), vault.file)
    raise NotSignedIn(f"no API key for {vault.account}{hint}", _FOUR_WAYS)


def check_key(text: str, origin: str) -> str:
    """Return the key without surrounding white space. Raises NotSignedIn without its text."""
    key = text.strip(_ASCII_SPACE)
    if not key:
        raise NotSignedIn(f"the key in {origin} is empty", _FOUR_WAYS)
    if not _PRINTABLE.fullmatch(key) or key[0] in "\"'" or key[-1] in "\"'":
        raise NotSignedIn(
            f"the key in {origin} contains a space, a quote or an invisible character",
            "copy it again; a key is printable ASCII without spaces",
        )
    return key


def store_in_file(vault: KeyStore, secret: str) -> None:
    """Store the key in the 0600 file."""
    with locked(vault.file):
        _remove_strays(vault.file)
        stored = _stored(vault.file) | {vault.account: secret}
        write_private(vault.file, json.dumps(stored, indent=1))


def delete_from_file(vault: KeyStore) -> bool:
    """Delete the key from the 0600 file; return whether there was one."""
    if not vault.file.parent.is_dir():
        return False
    with locked(vault.file):
        _remove_strays(vault.file)
        stored = _stored(vault.file)
        if vault.account not in stored:
            return False
        del stored[vault.account]
        write_private(vault.file, json.dumps(stored, indent=1))
    return True


def _remove_strays(file: Path) -> None:
    """Remove drafts of the file, which contain keys as well."""
    for stray in strays_of(file):
        with suppress(OSError):
            stray.unlink()


def _from_environment(environ: Mapping[str, str]) -> Key | None:
    if text := environ.get("PIOOY_API_KEY"):
        return Key(check_key(text, "PIOOY_API_KEY"), "PIOOY_API_KEY")
    if name := environ.get("PIOOY_API_KEY_FILE"):
        text = _read(Path(name))
        return Key(check_key(text, "the file named by PIOOY_API_KEY_FILE"), name, expanded(name))
    return None


def _read(path: Path) -> str:
    try:
        return read_small(expanded(path), _MOST).decode("utf-8", "replace")
    except OSError as error:
        raise NotSignedIn(f"PIOOY_API_KEY_FILE: {path}: {error.strerror}", _FOUR_WAYS) from None


def _stored(path: Path) -> dict[str, str]:
    try:
        value = json.loads(read_small(path, _MOST_KEYS))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise StorageRefused(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise StorageRefused(
            f"{path} is not valid JSON", "remove it and store the key again"
        ) from None
    return (
        {name: key for name, key in value.items() if isinstance(key, str)}
        if isinstance(value, dict)
        else {}
    )
