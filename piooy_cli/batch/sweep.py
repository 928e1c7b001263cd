"""Sweeps: axes of values; each combination is a cell with a request of its own."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.text import is_blank, parse_json
from piooy_cli.requests.builder import RequestSpec
from piooy_cli.requests.text_input import read_text

_RANGE = re.compile(r"(-?[0-9]{1,15})\.\.(-?[0-9]{1,15})(?:\.\.([0-9]{1,9}))?", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)
_MOST_VALUES = 1_000_000
_BIGGEST_FILE = 256 << 20
GAP = "\0"  # of a prompt with pieces; no prompt that is sent has one
_FIELDS = {
    "prompt": "prompt", "model": "model", "media": "media", "provider": "provider",
    "scene": "scene", "image": "images", "video": "videos",
}  # fmt: skip
# Options that have a name of their own are numbers wherever they can be, as on the command line.
_NUMBERS = frozenset({"seed", "duration"})


class Axis(NamedTuple):
    """One axis: what varies, and its values. `is_piece`: they fill a gap of the prompt."""

    name: str
    values: tuple[Any, ...]
    is_piece: bool = False


def axis_of(text: str) -> Axis:
    """Parse `seed:=1..8`, `style=noir,anime` or `prompt=@prompts.txt`. Raises UsageError."""
    name, sign, values = text.partition("=")
    is_json = name.endswith(":")
    name = name.removesuffix(":").strip().replace("-", "_")
    if not sign or not name or not values:
        raise UsageError(
            f"--vary {text[:80]!r} has no values",
            "for example: seed:=1..8, style=noir,anime, prompt=@prompts.txt",
        )
    words = _listed(values, name, is_json)
    if not words:
        raise UsageError(
            f"--vary {text[:80]!r} has no values", "for example: seed:=1..8, style=noir,anime"
        )
    if name in _FIELDS and not all(_is_word(word) for word in words):
        raise UsageError(
            f"--vary {text[:80]!r}: {name} is text", f"for example: {name}=one,another"
        )
    return Axis(name, tuple(_number(word) if name in _NUMBERS else word for word in words))


def _is_word(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def axes_of(texts: Sequence[str]) -> list[Axis]:
    """Parse all axes; none may be given twice."""
    axes = [axis_of(text) for text in texts]
    names = [axis.name for axis in axes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"--vary gives {twice[0]} twice", "give all its values in one --vary")
    return axes


def cells_of(axes: Sequence[Axis], *, zipped: bool) -> Iterator[tuple[Any, ...]]:
    """Yield each cell's values: every combination, or `zipped`, by position."""
    if not zipped:
        return product(*(axis.values for axis in axes))
    lengths = {axis.name: len(axis.values) for axis in axes}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise UsageError(f"--zip: {shown} values", "give every axis the same number of values")
    return zip(*(axis.values for axis in axes), strict=True)


def count_of(axes: Sequence[Axis], *, zipped: bool) -> int:
    """Return the number of cells."""
    if zipped:
        return min(len(axis.values) for axis in axes)
    count = 1
    for axis in axes:
        count *= len(axis.values)
    return count


def in_cell(asked: RequestSpec, axes: Sequence[Axis], values: Sequence[Any]) -> RequestSpec:
    """Return the request of a cell."""
    fields: dict[str, Any] = {}
    options = dict(asked.options)
    pieces = list[str]()
    for axis, value in zip(axes, values, strict=True):
        if axis.is_piece:
            pieces.append(value)
        elif axis.name in _FIELDS:
            field = _FIELDS[axis.name]
            fields[field] = (str(value),) if field in ("images", "videos") else str(value)
        else:
            options[axis.name] = value
    if pieces:
        fields["prompt"] = _joined(asked.prompt.split(GAP), pieces)
    return asked._replace(**fields, options=options)


def _joined(texts: Sequence[str], pieces: Sequence[str]) -> str:
    return texts[0] + "".join(piece + text for piece, text in zip(pieces, texts[1:], strict=True))


def without_axes(asked: RequestSpec, axes: Sequence[Axis]) -> RequestSpec:
    """Return what all cells have in common."""
    axes = [axis for axis in axes if not axis.is_piece]
    fields = {_FIELDS[axis.name] for axis in axes if axis.name in _FIELDS}
    empty = RequestSpec()
    options = {name: value for name, value in asked.options.items()
               if name not in {axis.name for axis in axes}}  # fmt: skip
    return asked._replace(**{name: getattr(empty, name) for name in fields}, options=options)


def place_of(axes: Sequence[Axis], values: Sequence[Any]) -> str:
    """A cell's name, whatever the order of the axes: 1 and "1" are two."""
    named = {axis.name: value for axis, value in zip(axes, values, strict=True)}
    return json.dumps(named, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def labels_of(values: Sequence[Any]) -> tuple[str, ...]:
    """Return a cell's values as text for people."""
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in values)


def values_in(text: str) -> list[str]:
    """Return the lines of a text that are values: not blank, and no comments."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line for line in lines if not is_blank(line) and not line.startswith("#")]


def _listed(values: str, name: str, is_json: bool) -> list[Any]:
    if values.startswith("@"):
        text = read_text(values[1:], f"values of {name}", _BIGGEST_FILE)
        found = values_in(text.removeprefix("\ufeff"))
        return [_json(line, name) for line in found] if is_json else found
    if span := _RANGE.fullmatch(values):
        numbers = _span(span)
        return list(numbers) if is_json or name in _NUMBERS else [str(n) for n in numbers]
    if not is_json:
        return values.split(",")
    try:
        return list(parse_json(f"[{values}]"))
    except (ValueError, RecursionError) as error:
        hint = 'numbers, or quoted text: seed:=1,2,3 or \'style:="noir","anime"\''
        raise UsageError(f"--vary {name}:={values[:60]}: not valid JSON: {error}", hint) from None


def _span(match: re.Match[str]) -> range:
    first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
    numbers = range(first, last + 1, step) if step and first <= last else range(0)
    if not numbers or len(numbers) > _MOST_VALUES:
        raise UsageError(
            f"--vary: {match[0]} has no values, or too many", "for example: 1..8, or 0..100..10"
        )
    return numbers


def _json(text: str, name: str) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--vary {name}: {text[:60]!r} is not valid JSON: {error}") from None


def _number(value: Any) -> Any:
    """Parse `5` as an integer and `5.5` as a float; other text stays as it is."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value.strip()):
        return value
    return float(value) if "." in value else int(value)
