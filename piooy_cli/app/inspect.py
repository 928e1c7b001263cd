"""What a file says of itself: what it is, how it was made, whether it is signed, whose it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.files.reading import expanded, sha256_of
from piooy_cli.media import types
from piooy_cli.media.measure import measure
from piooy_cli.media.metadata.reading import read_foreign, read_recipe, signature
from piooy_cli.media.metadata.recipe import Recipe, from_text

if TYPE_CHECKING:
    from piooy_cli.ledger.store import OrderStore

_TOLD = (
    "tool", "prompt", "negative_prompt", "model", "seed", "options", "task", "created", "request",
)  # fmt: skip
_LARGEST_SIDECAR = 8 << 20  # bytes


def inspect_file(store: "OrderStore | None", text: str) -> dict[str, Any]:
    """Return what is known about a file. Raises NotFound or UsageError."""
    path = expanded(text)
    if not path.exists():
        raise NotFound(f"no such file: {path}")
    try:
        if not path.is_file():
            raise UsageError(f"{path} is not a regular file")
        with path.open("rb") as file:
            return _record(store, path, file)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def recipe_beside(path: Path) -> Recipe | None:
    """Return the recipe in `NAME.json`, if there is one."""
    beside = Path(f"{path}.json")
    try:
        if not beside.is_file() or beside.stat().st_size > _LARGEST_SIDECAR:
            return None
        return from_text(beside.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def recipe_of_file(path: Path, file: BinaryIO, extension: str) -> tuple[Recipe | None, str]:
    """Return a file's recipe, and where it is: in the file or beside it."""
    if recipe := read_recipe(file, extension):
        return recipe, "file"
    recipe = recipe_beside(path)
    return recipe, "sidecar" if recipe else ""


def extension_of(path: Path, file: BinaryIO) -> str:
    """Return what a file is by its first bytes, else by its name."""
    file.seek(0)
    return types.extension_of(file.read(types.HEAD)) or path.suffix.lower().lstrip(".")


def _record(store: "OrderStore | None", path: Path, file: BinaryIO) -> dict[str, Any]:
    extension = extension_of(path, file)
    recipe, place = recipe_of_file(path, file, extension)
    foreign = None if recipe else read_foreign(file, extension)
    digest = sha256_of(path)
    known = store.saved_as(digest) if store else None
    return {
        "path": str(path),
        "format": extension or None,
        "bytes": path.stat().st_size,
        "sha256": digest,
        **_measures(file, extension),
        "signed": signature(file, extension),
        "recipe_in": place or None,
        **_told(recipe, foreign),
        "id": known[0] if known else None,
        "n": known[1] if known else None,
    }


def _measures(file: BinaryIO, extension: str) -> dict[str, Any]:
    """Return size, duration and tracks, as far as the headers say."""
    found = measure(file, extension)
    names = ("width", "height", "duration", "has_video", "has_audio", "tracks")
    return {name: getattr(found, name, None) for name in names}


def _told(recipe: Recipe | None, foreign: Any) -> Mapping[str, Any]:
    """Return the recipe's fields, or those of another tool's."""
    if recipe:
        return {
            "tool": recipe.software, "prompt": recipe.prompt,
            "negative_prompt": recipe.negative_prompt, "model": recipe.model,
            "seed": recipe.options.get("seed"), "options": dict(recipe.options),
            "task": recipe.task_id, "created": recipe.created, "request": recipe.request,
        }  # fmt: skip
    empty: dict[str, Any] = dict.fromkeys(_TOLD)
    if foreign is None:
        return empty
    return empty | {
        "tool": foreign.tool, "prompt": foreign.prompt, "negative_prompt": foreign.negative,
        "model": foreign.model, "seed": foreign.seed, "options": dict(foreign.settings),
    }  # fmt: skip
