"""Recipes of other programs: A1111 and Forge, SwarmUI, ComfyUI, InvokeAI, NovelAI."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from piooy_cli.media.metadata import graphs, parameters
from piooy_cli.media.metadata.recipe import LONGEST

_MOST_SETTINGS = 100
_LONGEST_SETTING = 2_000
_VERSIONS = {"f": "Forge", "piooy": "piooy"}


class Foreign(NamedTuple):
    """How another program made a file, as far as the file says."""

    tool: str
    prompt: str | None
    negative: str | None
    model: str | None
    seed: str | None
    settings: dict[str, str]


def read(texts: Mapping[str, str]) -> Foreign | None:
    """Return the recipe in the texts of a file."""
    readers = (_invoke, _novel, _comfy, _swarm, _a1111)
    return next(filter(None, (reader(texts) for reader in readers)), None)


def _a1111(texts: Mapping[str, str]) -> Foreign | None:
    text = texts.get("parameters", "")
    found = parameters.read(text)
    settings = {name.lower(): value for name, value in found.settings.items()}
    if not settings and not found.negative:
        return None
    version = settings.get("version", "")
    tool = next((tool for begin, tool in _VERSIONS.items() if version.startswith(begin)), "A1111")
    model, seed = settings.get("model"), settings.get("seed")
    return _made(tool, found.prompt, found.negative, model, seed, found.settings)


def _swarm(texts: Mapping[str, str]) -> Foreign | None:
    content = _object(texts.get("parameters", "")).get("sui_image_params")
    if not isinstance(content, dict):
        return None
    prompt, negative = content.get("prompt"), content.get("negativeprompt")
    return _made("SwarmUI", prompt, negative, content.get("model"), content.get("seed"), content)


def _invoke(texts: Mapping[str, str]) -> Foreign | None:
    content = _object(texts.get("invokeai_metadata", ""))
    if not content:
        return None
    model = content.get("model")
    if isinstance(model, dict):
        model = model.get("name") or model.get("model_name") or model.get("key")
    prompt, negative = content.get("positive_prompt"), content.get("negative_prompt")
    return _made("InvokeAI", prompt, negative, model, content.get("seed"), content)


def _novel(texts: Mapping[str, str]) -> Foreign | None:
    if not texts.get("software", "").startswith("NovelAI"):
        return None
    content = _object(texts.get("comment", ""))
    prompt = content.get("prompt") or texts.get("description")
    model = texts.get("source")
    return _made("NovelAI", prompt, content.get("uc"), model, content.get("seed"), content)


def _comfy(texts: Mapping[str, str]) -> Foreign | None:
    graph, drawing = _object(texts.get("prompt", "")), _object(texts.get("workflow", ""))
    found = graphs.read(graph) or graphs.read_drawing(drawing)
    return _made("ComfyUI", *found) if found else None


def _object(text: str) -> dict[str, Any]:
    """Return a JSON object; an empty one if the text is none."""
    if len(text) > LONGEST or text[:1] != "{":
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _made(
    tool: str, prompt: Any, negative: Any, model: Any, seed: Any, settings: Mapping[str, Any]
) -> Foreign:
    """Return what was found, whatever its types are in the file."""
    plain = {
        name: _plain(value)
        for name, value in settings.items()
        if isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_SETTING
    }
    few = dict(list(plain.items())[:_MOST_SETTINGS])
    texts = [_plain(value) or None for value in (prompt, negative, model, seed)]
    return Foreign(tool, texts[0], texts[1], texts[2], texts[3], few)


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else ""
