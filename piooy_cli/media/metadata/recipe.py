"""A recipe: what is needed to make a file again, and its form as JSON."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

VERSION = 1
LONGEST = 4 << 20  # characters of a recipe, also of one that is read


class Recipe(NamedTuple):
    """How a file was made. Both prompts and `request` are None if they are private."""

    prompt: str | None
    negative_prompt: str | None
    model: str
    provider: str | None
    media: str
    options: Mapping[str, Any]
    task_id: str | None
    created: str | None  # ISO 8601
    software: str  # "piooy 1.2.3"
    request: str | None  # the JSON text that was sent
    from_pictures: bool = False  # the request had pictures or videos as inputs


_TEXTS = ("model", "media", "software")
_MAYBE = ("prompt", "negative_prompt", "provider", "task_id", "created", "request")


def to_text(recipe: Recipe) -> str:
    """Return JSON in one line of ASCII, which no container and no tool changes."""
    content = {"version": VERSION, **recipe._asdict(), "options": dict(recipe.options)}
    return json.dumps(content, separators=(",", ":"))


def from_text(text: str) -> Recipe | None:
    """Return the recipe; None if the text is not one, whoever wrote it."""
    if len(text) > LONGEST:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _recipe(content) if isinstance(content, dict) and _is_recipe(content) else None


def _is_recipe(content: dict[str, Any]) -> bool:
    return (
        content.get("version") == VERSION
        and all(isinstance(content.get(name), str) for name in _TEXTS)
        and all(isinstance(content.get(name), str | None) for name in _MAYBE)
        and isinstance(content.get("options"), dict)
        and isinstance(content.get("from_pictures", False), bool)
    )


def _recipe(content: dict[str, Any]) -> Recipe:
    fields: dict[str, Any] = {name: content.get(name) for name in Recipe._fields}
    return Recipe(**fields | {"from_pictures": content.get("from_pictures", False)})
