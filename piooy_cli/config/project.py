"""Presets: named requests in a project's piooy.toml, and in the user's config file.

A project may be a stranger's: its file is read as input from outside, and may hold presets only.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from piooy_cli.config.file import read_config
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import MediaType
from piooy_cli.domain.text import parse_toml
from piooy_cli.files.reading import read_foreign

PROJECT_FILE = "piooy.toml"
GAP = "{prompt}"  # where the user's prompt goes
_BIGGEST = 1 << 20
_TEXTS = ("media", "model", "provider", "scene", "prompt", "output", "description")
_LISTS = ("images", "videos")
FIELDS = (*_TEXTS, *_LISTS, "options")
# What a shell takes as it is, and no command as an option: names are completed and pasted.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)

_Fault = tuple[tuple[str, ...], str]  # the keys down to a value, and what is wrong with it


class Preset(NamedTuple):
    """A named request, as its file has it. `in_project`: whoever wrote it may be a stranger."""

    name: str
    file: Path
    in_project: bool
    fields: Mapping[str, Any]

    @property
    def origin(self) -> str:
        """Where it comes from, in a word."""
        return "project" if self.in_project else "config"

    @property
    def label(self) -> str:
        """The name and the file, for people."""
        return f"preset {self.name} ({self.file.name})"

    def text(self, field: str) -> str:
        """Return a field that is text; empty if the preset has none."""
        return str(self.fields.get(field, ""))


def load_presets(config_file: Path) -> dict[str, Preset]:
    """Return the presets by name: the project's, and the user's of other names.

    Raises UsageError for anything else in piooy.toml, and for a preset that is not valid.
    """
    own = _presets(config_file, read_config(config_file), in_project=False)
    project = find_project()
    if project is None:
        return own
    found = _presets(project, _read(project), in_project=True)
    return found | {name: preset for name, preset in own.items() if name not in found}


def find_project() -> Path | None:
    """Return the nearest piooy.toml, in the working directory or above; none is read.

    The search ends at the home directory and at the boundary of the file system.
    """
    home = None
    with suppress(RuntimeError, OSError):
        home = Path.home().resolve()
    with suppress(OSError):
        start = Path.cwd()
        device = start.stat().st_dev
        for directory in (start, *start.parents):
            if directory.stat().st_dev != device:
                return None
            if os.path.lexists(directory / PROJECT_FILE):
                return directory / PROJECT_FILE
            if directory == home:
                return None
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_foreign(path, _BIGGEST + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(content) > _BIGGEST:
        raise UsageError(f"{path} is larger than 1 MiB", "is it the right file?")
    try:
        return parse_toml(text)
    except ValueError as error:
        raise UsageError(f"{path}: {str(error)[-200:]}") from None


def _presets(path: Path, found: dict[str, Any], *, in_project: bool) -> dict[str, Preset]:
    """Check and return the presets of a file. Raises UsageError with the line of a fault."""
    for keys, reason in _faults(found, in_project):
        name = ".".join(key[:60] for key in keys)
        hint = "" if in_project else Hint("config edit", sentence="to open it: {}")
        raise UsageError(f"{path}, line {_line_of(keys, path)}: {name}: {reason}", hint)
    tables: dict[str, Any] = found.get("presets", {})
    return {name: Preset(name, path, in_project, table) for name, table in tables.items()}


def _faults(found: dict[str, Any], in_project: bool) -> Iterator[_Fault]:
    only = f"{PROJECT_FILE} may hold presets only" if in_project else ""
    for key in found if in_project else ():
        if key != "presets":
            yield (key,), only
    tables = found.get("presets", {})
    if not isinstance(tables, dict):
        yield ("presets",), "must be tables, as [presets.hero]"
        return
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            yield ("presets", name), "the name may have ASCII letters, digits, . _ and - only"
        elif not isinstance(table, dict):
            yield ("presets", name), "must be a table, as [presets.hero]"
        else:
            for key, value in table.items():
                if reason := _fault(key, value, only):
                    yield ("presets", name, key), reason


def _fault(key: str, value: Any, only: str) -> str:
    """Return what is wrong with a field of a preset; empty if nothing is."""
    if key in _TEXTS:
        return _fault_of_text(key, value)
    if key in _LISTS:
        is_list = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if is_list else "must be a list of text"
    if key == "options":
        return _fault_of_options(value)
    return f"{only}{'; ' if only else ''}a preset may have {', '.join(FIELDS)}"


def _fault_of_text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        return "must be text"
    if key == "media" and value not in set(MediaType):
        return f"is not a media type; accepted: {', '.join(MediaType)}"
    if key == "prompt" and value.count(GAP) > 1:
        return f"has {GAP} more than once"
    return ""


def _fault_of_options(value: Any) -> str:
    if not isinstance(value, dict):
        return "must be a table"
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "has a value that JSON cannot have, such as a date or nan"
    return ""


def _line_of(keys: tuple[str, ...], path: Path) -> int:
    """Return the line that names the last key, or else the nearest key above it."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    heads = [_head(line) for line in lines]
    found = 0
    for key in keys:
        named = (n for n in range(found, len(heads)) if f".{key}." in heads[n])
        found = next(named, found)
    return found + 1


def _head(line: str) -> str:
    """Return the keys of a line, or of a table's header, with dots around each."""
    line = line.lstrip()
    words = line.partition("]" if line.startswith("[") else "=")[0]
    plain = "".join(c for c in words if c not in "[\"' \t")
    return f".{plain}."
