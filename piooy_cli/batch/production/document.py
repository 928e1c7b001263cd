"""The file of a production, in TOML or JSON: nodes, variables and defaults, with their lines."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from piooy_cli.batch.manifest_format import checked_fields
from piooy_cli.batch.manifest_lines import BadLine
from piooy_cli.batch.production.variables import Variables
from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.models import MediaType
from piooy_cli.domain.text import parse_json, parse_toml
from piooy_cli.files.reading import expanded, read_foreign

_BIGGEST = 16 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
_KEYS = ("name", "output", "variables", "defaults", "node")
_HEADER = re.compile(  # of a node, in TOML or JSON
    r"""\s*+\[\s*+node\s*+\.\s*+(?:"([^"]*+)"|'([^']*+)'|([A-Za-z0-9_-]++))"""
    r"""|\s*+"([^"]++)"\s*+:\s*+\{"""
)
_HINT = "`piooy init-plan` writes an example"

Fields = dict[str, Any]


class Node(NamedTuple):
    """One node as written: its fields with variables and defaults applied."""

    name: str
    line: int
    fields: Fields
    preset: str | None = None


class Production(NamedTuple):
    """A production as written. `label`: its file, as messages call it; `bad`: what is wrong."""

    label: str
    path: Path
    name: str | None
    output: str | None
    nodes: list[Node]
    bad: list[BadLine]
    names: frozenset[str] = frozenset()  # also of nodes that are bad


def read_production(file: str, given: Mapping[str, str]) -> Production:
    """Read a production; `given` variables win over those of the file.

    Raises NotFound, or UsageError if the file as a whole cannot be read.
    """
    path = expanded(file)
    text = _text_of(path)
    document = _parsed(path, text)
    if unknown := sorted(document.keys() - set(_KEYS)):
        raise UsageError(f"{path}: unknown key {unknown[0]!r}; known: {', '.join(_KEYS)}", _HINT)
    variables = Variables.of(_table(path, document, "variables"), given, str(path))
    defaults = _table(path, document, "defaults")
    lines = _lines_of_nodes(text)
    nodes, bad, table = [], [], _table(path, document, "node")
    for name, fields in table.items():
        line = lines.get(name, 1)
        if reason := _wrong(name, fields):
            bad.append(BadLine(line, reason))
            continue
        checked = _checked(fields, defaults, variables)
        if isinstance(checked, str):
            bad.append(BadLine(line, f"node {name}: {checked}"))
        else:
            nodes.append(Node(name, line, *checked))
    if not nodes and not bad:
        raise UsageError(f"{path} has no nodes", _HINT)
    return Production(str(path), path, _text(path, document, "name"),
                      _text(path, document, "output"), nodes, bad, frozenset(table))  # fmt: skip


def _text_of(path: Path) -> str:
    try:
        content = read_foreign(path, _BIGGEST + 1)
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}", _HINT) from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    if len(content) > _BIGGEST:
        raise UsageError(f"{path} is larger than {_BIGGEST >> 20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None


def _parsed(path: Path, text: str) -> Fields:
    try:
        document = parse_json(text) if path.suffix.lower() == ".json" else parse_toml(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} is not an object", _HINT)
    return document


def _table(path: Path, document: Fields, key: str) -> Fields:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {key} must be a table", _HINT)
    return value


def _text(path: Path, document: Fields, key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{path}: {key} must be text")
    return value


def _lines_of_nodes(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            found.setdefault(next(filter(None, match.groups()), ""), number)
    return found


def _wrong(name: str, fields: Any) -> str:
    if not _NAME.fullmatch(name):
        return f"{name[:60]!r} is not a name: letters, digits, dots, dashes and underscores"
    if not isinstance(fields, dict):
        return f"node {name} must be a table"
    return "id is the name of the node; leave it out" if "id" in fields else ""


def _checked(
    fields: Fields, defaults: Fields, variables: Variables
) -> tuple[Fields, str | None] | str:
    """Return the node's fields over the defaults, as a row has them, and its preset; or a fault."""
    merged = dict(fields)
    media = merged.get("media") or defaults.get("media")
    for layer in _layers(defaults, media):
        tables = {key: (layer.get(key, {}), merged.get(key, {})) for key in ("options", "tags")}
        merged = {**layer, **merged}
        for key, both in tables.items():
            if all(isinstance(one, dict) for one in both) and any(both):
                merged[key] = {**both[0], **both[1]}
    preset = merged.pop("preset", None)
    if not isinstance(preset, str | None):
        return "preset must be text"
    try:
        return checked_fields(variables.applied(merged)), preset
    except UsageError as error:
        return error.message


def _layers(defaults: Fields, media: Any) -> Iterator[Fields]:
    """Yield the defaults, those of the media type first."""
    kinds = set(MediaType)
    if media in kinds and isinstance(own := defaults.get(media, {}), dict):
        yield own
    yield {name: value for name, value in defaults.items() if name not in kinds}
