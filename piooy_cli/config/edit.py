"""Changing the config file, comments kept; and listing the settings in effect."""

import tomllib
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from piooy_cli.config.allowances import PERIODS
from piooy_cli.config.file import read_config
from piooy_cli.config.settings import (
    BOOLEANS,
    Resolved,
    Settings,
    boolean,
    resolve_settings,
)
from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import MediaType
from piooy_cli.domain.text import check_text
from piooy_cli.files.locks import locked
from piooy_cli.files.writing import write_private

_DEPTHS = {"model": 1, "options": 2, "models": 2, "limit": 1, "cap": 1, "price": 1}
_EXAMPLES = {
    "model": "model.image",
    "options": "options.image.resolution",
    "models": "models.my-model.provider",
    "limit": "limit.nano-banana-pro",
    "cap": "cap.day",
    "price": "price.nano-banana-pro",
}


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting, its value and where the value comes from."""

    name: str
    value: Any
    origin: str

    @property
    def shown(self) -> str:
        """The value as text for people."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def in_force(resolved: Resolved) -> Iterator[InForce]:
    """Return every setting; entries of tables get dotted names."""
    for setting in fields(Settings):
        value = getattr(resolved.settings, setting.name)
        origin = resolved.origins.get(setting.name) or "built-in"
        if isinstance(value, dict):
            yield from (
                InForce(name, inner, origin) for name, inner in _opened(setting.name, value)
            )
        elif value != "":
            yield InForce(setting.name, value, origin)


def known_keys() -> Iterator[tuple[str, str]]:
    """Yield every key that can be set, and its description; tables by media type."""
    for setting in fields(Settings):
        described = str(setting.metadata["help"])
        if setting.name == "model":
            yield from ((f"model.{media}", f"default model of {media}") for media in MediaType)
        elif setting.name == "cap":
            yield from ((f"cap.{period}", f"maximum orders per {period}") for period in PERIODS)
        elif setting.name not in _DEPTHS:
            yield setting.name, described


def change_setting(file: Path, key: str, value: str | None, profile: str | None) -> None:
    """Set `key`, or remove it where `value` is None; the rest of the file stays as it was.

    Raises UsageError for an unknown key or an invalid value; then nothing is written.
    """
    names = _names(key)
    path = ["profiles", profile, *names] if profile else names
    with locked(file):
        document = _document(file)
        if value is None:
            _remove(document, path, key)
        else:
            _put(document, path, _typed(names, check_text(value, key)))
        _write(file, document)


def ensure_profile(file: Path, profile: str) -> None:
    """Add `[profiles.NAME]` if it does not exist yet."""
    with locked(file):
        document = _document(file)
        if profile not in document.get("profiles", {}):
            _put(document, ["profiles", profile], {})
            _write(file, document)


def _document(file: Path) -> Any:
    import tomlkit

    read_config(file)
    return tomlkit.parse(file.read_text(encoding="utf-8-sig") if file.exists() else "")


def _write(file: Path, document: Any) -> None:
    """Write the file, once it is sure that it can be read again."""
    import tomlkit

    text = tomlkit.dumps(document)
    resolve_settings({}, {}, tomllib.loads(text))
    write_private(file, text)


def _names(key: str) -> list[str]:
    """Split a dotted key, such as `output`, `model.image` or `options.image.seed`."""
    head, *rest = key.split(".")
    known = sorted(setting.name for setting in fields(Settings))
    if head not in known:
        raise UsageError(f"unknown setting {key!r}", f"known: {' '.join(known)}")
    if head == "models" and len(rest) > 2:
        rest = [".".join(rest[:-1]), rest[-1]]
    if head == "limit" and rest:
        rest = [".".join(rest)]
    if len(rest) != _DEPTHS.get(head, 0) or "" in rest:
        raise UsageError(
            f"{key!r} is not a complete name", f"for example: {_EXAMPLES.get(head, head)}"
        )
    if head in ("model", "options") and rest[0] not in set(MediaType):
        raise UsageError(f"{rest[0]!r} is not a media type", f"accepted: {', '.join(MediaType)}")
    return [head, *rest]


def _typed(names: list[str], value: str) -> Any:
    """Return `value` in the setting's type; options and models accept TOML values."""
    if names[0] in BOOLEANS:
        return boolean(value, names[0])
    if names[0] == "cap" and value.isascii() and value.isdecimal():
        return int(value)
    if names[0] not in ("options", "models"):
        return value
    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return value


def _put(document: Any, path: list[str], value: Any) -> None:
    import tomlkit

    *tables, name = path
    for table in tables:
        if table not in document:
            document[table] = tomlkit.table()
        document = _table_in(document, table)
    document[name] = value


def _table_in(document: Any, name: str) -> Any:
    """Return a table of the document. Raises UsageError if the name is something else there."""
    if not isinstance(document[name], MutableMapping):
        raise UsageError(
            f"{name} is not a table in the config file",
            Hint("config edit", sentence="to change it: {}"),
        )
    return document[name]


def _remove(document: Any, path: list[str], key: str) -> None:
    *tables, name = path
    for table in tables:
        document = _table_in(document, table) if table in document else {}
    if name not in document:
        raise NotFound(f"{key} is not set in the config file")
    del document[name]


def _opened(name: str, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _opened(f"{name}.{key}", value)
        else:
            yield f"{name}.{key}", value
