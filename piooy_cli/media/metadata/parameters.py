"""A1111's form of a recipe: the prompt, "Negative prompt: …", and a line of `Key: value` pairs."""

import json
import re
from typing import Any, NamedTuple

from piooy_cli.media.metadata.recipe import Recipe

_FEWEST = 3  # pairs; with fewer, readers take the last line as a part of the prompt
_NEGATIVE = "Negative prompt:"
_LONGEST_LINE = 100_000
_PAIR = re.compile(r'\s*+(\w[\w \-/]++):\s*+("(?:\\.|[^\\"])++"|[^,]*+)(?:,|$)')
_KEY = re.compile(r"\w[\w \-/]++")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Parameters(NamedTuple):
    """What was read."""

    prompt: str
    negative: str
    settings: dict[str, str]


def clean(text: str) -> str:
    """Return text that XML can hold: other characters are replaced. Only for what is shown."""
    return _UNPRINTABLE.sub("\ufffd", text)


def written(recipe: Recipe) -> str | None:
    """Return a recipe in this form; None if its prompt is private."""
    if recipe.prompt is None:
        return None
    lines = [recipe.prompt]
    if recipe.negative_prompt:
        lines.append(f"{_NEGATIVE} {recipe.negative_prompt}")
    pairs = ", ".join(f"{key}: {_quoted(value)}" for key, value in _pairs(recipe).items())
    return clean("\n".join([*lines, pairs]))


def _pairs(recipe: Recipe) -> dict[str, Any]:
    named = {name.replace("_", " ").capitalize(): value for name, value in recipe.options.items()}
    pairs = {"Model": recipe.model, "Media": recipe.media, "Version": recipe.software}
    extra = {"Provider": recipe.provider, "Task": recipe.task_id, "Created": recipe.created}
    scalars = {key: value for key, value in named.items() if _is_pair(key, value)}
    return scalars | {key: value for key, value in extra.items() if value} | pairs


def _is_pair(key: str, value: Any) -> bool:
    plain = isinstance(value, str | int | float)
    return plain and _KEY.fullmatch(key) is not None and not key.lower().endswith("prompt")


def _quoted(value: Any) -> str:
    """Quote as A1111 does."""
    text = str(value)
    special = any(c in text for c in ',\n:"') or text != text.strip()
    return json.dumps(text, ensure_ascii=False) if special else text


def read(text: str) -> Parameters:
    """Parse this form, whoever wrote it."""
    *lines, last = text.strip().split("\n")
    settings = _settings(last)
    if len(settings) < _FEWEST:
        lines, settings = [*lines, last], {}
    start = next((n for n, line in enumerate(lines) if line.startswith(_NEGATIVE)), len(lines))
    negative = "\n".join(lines[start:]).removeprefix(_NEGATIVE)
    return Parameters("\n".join(lines[:start]).strip(), negative.strip(), settings)


def _settings(line: str) -> dict[str, str]:
    """Go from comma to comma; a search at every character would take quadratic time."""
    line, at, settings = line[:_LONGEST_LINE], 0, dict[str, str]()
    while 0 <= at < len(line):
        if pair := _PAIR.match(line, at):
            settings[pair[1]] = _unquoted(pair[2])
            at = pair.end()
        else:
            at = line.find(",", at) + 1 or -1
    return settings


def _unquoted(value: str) -> str:
    if value[:1] != '"':
        return value.strip()
    try:
        return str(json.loads(value))
    except ValueError:
        return value
