"""The config file, changed with its comments kept; and the settings in force."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from piooy_cli.errors import NotFound, UsageError
from piooy_cli.models import Media
from piooy_cli.settings import (
    Resolved,
    Settings,
    check_base_url,
    read_config,
    write_private,
)

_TABLES = ("model", "options", "models")


@dataclass(frozen=True, slots=True)
class InForce:
    """One setting as it holds now."""

    name: str
    value: Any
    origin: str

    @property
    def shown(self) -> str:
        """The value as a person reads it."""
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def in_force(resolved: Resolved) -> Iterator[InForce]:
    """Every setting, tables opened to dotted names."""
    for setting in fields(Settings):
        value = getattr(resolved.settings, setting.name)
        origin = resolved.origins.get(setting.name) or "built-in"
        if isinstance(value, dict):
            yield from (
                InForce(name, inner, origin) for name, inner in _opened(setting.name, value)
            )
        else:
            yield InForce(setting.name, value, origin)


def change(file: Path, key: str, value: str | None, profile: str | None) -> None:
    """Set `key`, or remove it where `value` is None; the rest of the file stays as it was."""
    import tomlkit

    read_config(file)
    names = _names(key)
    text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
    document = tomlkit.parse(text)
    path = ["profiles", profile, *names] if profile and profile != "default" else names
    if value is None:
        _remove(document, path, key)
    else:
        _put(document, path, _typed(names, value))
    write_private(file, tomlkit.dumps(document))


def _names(key: str) -> list[str]:
    head, _, tail = key.partition(".")
    known = {setting.name for setting in fields(Settings)}
    if head not in known:
        raise UsageError(f"no setting {key!r}", f"known: {' '.join(sorted(known))}")
    if (head in _TABLES) != bool(tail):
        raise UsageError(
            f"{key!r} is no whole name",
            f"as in {head}.image" if head in _TABLES else f"as in {head}",
        )
    if head == "models":
        model, _, field = tail.rpartition(".")
        return [head, model, field] if model else [head, tail]
    names = [head, *tail.split(".", 1)] if tail else [head]
    if head in ("model", "options") and names[1] not in set(Media):
        raise UsageError(f"{names[1]!r} is no media type", f"accepted: {', '.join(Media)}")
    return names


def _typed(names: list[str], value: str) -> Any:
    if names[0] == "base_url":
        return check_base_url(value, "base_url")
    if names[0] == "sandbox":
        return value.strip().lower() in ("1", "true", "yes", "on")
    return value


def _put(document: Any, path: list[str], value: Any) -> None:
    import tomlkit

    *tables, name = path
    for table in tables:
        if table not in document:
            document[table] = tomlkit.table()
        document = document[table]
    document[name] = value


def _remove(document: Any, path: list[str], key: str) -> None:
    *tables, name = path
    for table in tables:
        document = document.get(table, {})
    if name not in document:
        raise NotFound(f"{key} is not set in the config file")
    del document[name]


def _opened(name: str, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _opened(f"{name}.{key}", value)
        else:
            yield f"{name}.{key}", value
