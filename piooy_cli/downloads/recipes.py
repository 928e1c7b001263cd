"""How a file was made: as a recipe in the file, or beside it where it cannot hold one."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from piooy_cli import __version__
from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.escaping import spaced_json
from piooy_cli.domain.events import Noticed, Tell
from piooy_cli.domain.inputs import OPTIONS
from piooy_cli.domain.models import MediaType, Order, SavedFile, Task
from piooy_cli.downloads.finish import Unfinished
from piooy_cli.downloads.options import MetadataMode, SaveOptions
from piooy_cli.downloads.part_file import PartFile
from piooy_cli.files.writing import replacing
from piooy_cli.media.metadata.embedding import check, embed
from piooy_cli.media.metadata.found import NotEmbedded
from piooy_cli.media.metadata.recipe import Recipe, from_text, to_text

KnownTask = Callable[[str], Task | None]
_LONGEST_TEXT = 64 << 10  # of an input inside a request; a longer one is named by its digest


def recipe_of(task: Task, known: Task | None, *, private: bool) -> Recipe:
    """Return how a task's files were made. `known`: the task as the ledger has it."""
    exact = known if known and known.options is not None else None
    about = exact or task
    options = {} if private else {key: _short(one) for key, one in (about.options or {}).items()}
    negative = options.get("negative_prompt")
    # Nothing that differs from run to run: the same file gets the same recipe again.
    accepted = known.accepted_at if known else None
    return Recipe(
        prompt=None if private else about.prompt,
        negative_prompt=negative if isinstance(negative, str) else None,
        model=about.model or task.model or "",
        provider=about.provider or task.provider,
        media=about.media or task.media or "",
        options=options,
        task_id=task.id or None,
        created=accepted.isoformat(timespec="seconds") if accepted else None,
        software=f"piooy {__version__}",
        request=None if private or not exact else _request(exact, options),
        from_pictures=any((about.options or {}).get(name) for name in OPTIONS),
    )


class WriteRecipe:
    """Put the recipe into the file before it is published; what cannot hold one gets it beside it.

    Whatever goes wrong here, the file is saved as it arrived: it is paid for.
    """

    def __init__(self, options: SaveOptions, known: KnownTask, tell: Tell) -> None:
        self._options = options
        self._known = known
        self._tell = tell

    async def __call__(self, file: Unfinished) -> None:
        """Write the recipe of one file."""
        mode = self._options.metadata
        if mode is MetadataMode.NONE or self._options.temporary:
            return
        private = self._options.private
        file.recipe = recipe_of(file.task, self._known(file.task.id), private=private)
        if mode is not MetadataMode.EMBED:
            return
        try:
            file.part, file.arrived = await asyncio.to_thread(_embedded, file, file.recipe)
            file.recipe = None
        except NotEmbedded as error:
            file.recipe = None if error.has_recipe else file.recipe
        except (PiooyError, OSError) as error:
            self._tell(Noticed(f"asset {file.asset.n} of task {file.task.id}: no recipe: {error}"))
            file.recipe = None


class WriteSidecar:
    """Write `NAME.json` beside a published file, if it holds no recipe itself."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    async def __call__(self, file: Unfinished) -> None:
        """Write the recipe of one file; another file of that name stays as it is."""
        if file.recipe is None or file.saved is None or file.saved.already_there:
            return
        try:
            _write_sidecar(file.saved, file.recipe)
        except OSError as error:
            self._tell(Noticed(f"{file.saved.path}.json: {error.strerror or error}"))


def _embedded(file: Unfinished, recipe: Recipe) -> tuple[PartFile, str]:
    """Return a part file with the recipe, and the digest of what arrived. Raises NotEmbedded."""
    made = file.stack.enter_context(file.part.another())
    with file.part.reading() as source:
        embed(source, made, file.extension, recipe)
    made.settle()
    with made.reading() as written:
        check(written, file.extension, recipe)
    return made, file.part.sha256


def _write_sidecar(saved: SavedFile, recipe: Recipe) -> None:
    path = Path(f"{saved.path}.json")
    if path.exists():
        before = from_text(path.read_text(encoding="utf-8", errors="replace"))
        if before is None or before.task_id != recipe.task_id:
            raise FileExistsError(f"{path} exists")
    with replacing(path) as file:
        file.write(spaced_json(json.loads(to_text(recipe)), indent=1).encode("utf-8") + b"\n")


def _request(task: Task, options: dict[str, Any]) -> str | None:
    """Return the JSON that was sent, as the client makes it."""
    if task.media not in set(MediaType) or not task.model:
        return None
    order = Order(
        MediaType(task.media), task.scene or "", task.provider or "", task.model,
        task.prompt or "", options,
    )  # fmt: skip
    return json.dumps(order.to_dict(), ensure_ascii=False, separators=(",", ":"))


def _short(value: Any) -> Any:
    """Return an option without the files that were sent inside the request."""
    if isinstance(value, list):
        return [_short(one) for one in value]
    if isinstance(value, str) and value.startswith("data:") and len(value) > _LONGEST_TEXT:
        from hashlib import sha256

        head = value.partition(",")[0]
        return f"{head.partition(';')[0]};sha256,{sha256(value.encode()).hexdigest()}"
    return value
