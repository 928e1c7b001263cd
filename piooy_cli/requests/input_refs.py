"""Results that are given as inputs: `@last`, a task id, a saved file, `{row:ID}` in a manifest."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.inputs import KIND_OF_MEDIA, OPTIONS, ResultRef, numbered
from piooy_cli.domain.models import Kind, MediaType, Task, is_task_id
from piooy_cli.files.reading import expanded, sha256_of

if TYPE_CHECKING:
    from piooy_cli.ledger.store import OrderStore

_ROW = re.compile(r"\{row:([^{}]++)\}")
_SHORTEST_UNKNOWN = 16  # characters of a task id that this ledger does not know
_OPTION = {"--image": "image_input", "--video": "video_input", "--last-frame": "video_input"}


class InputRefs:
    """Finds the results that inputs name. `in_manifest`: rows can be named, and `@last` cannot."""

    def __init__(
        self, store: "Callable[[], OrderStore | None]", *, in_manifest: bool = False
    ) -> None:
        self._store = store
        self._in_manifest = in_manifest
        self._found: dict[tuple[str, str], str | None] = {}

    def find(self, text: str, option: str, *, files: bool) -> str | None:
        """Return the result that `text` names, as `str(ResultRef)`; None if it names none.

        `files`: look files up by their content. Raises NotFound or UsageError.
        """
        if (text, option) not in self._found:
            self._found[text, option] = self._find(text, option, files)
        return self._found[text, option]

    def last_frame(self, text: str) -> str:
        """Return the last frame of a video: a saved file, a task with one, or any other file."""
        if not text.startswith("@") and (path := expanded(text)).is_file():
            return self._last_frame_of(path)
        ref, n = numbered(text)
        if not (ref.startswith("@") or is_task_id(ref)):
            raise NotFound(f"--last-frame {text[:200]!r} is not a file or a task")
        found = self._checked(self._task(ref, "--last-frame"), n, "--last-frame")
        store = self._store()
        if not store or not (saved := store.saved_file(found.task, found.n or 1)):
            hint = Hint("download", (found.task,), "to save it: {}")
            raise NotFound(f"the video of task {found.task} is not saved on this disk", hint)
        if not Path(saved[0]).is_file():
            raise NotFound(f"{saved[0]} is gone", "download it again, or give the file")
        return str(found._replace(last_frame=True))

    def _last_frame_of(self, path: Path) -> str:
        from piooy_cli.tasks.last_frame import last_frame

        if not _is_video(path):
            raise UsageError(f"--last-frame {path} is not a video")
        store = self._store()
        known = store.saved_as(sha256_of(path)) if store else None
        if known is None:
            return last_frame(path)
        if (saved := store.saved_file(*known) if store else None) and Path(saved[0]).is_file():
            return str(ResultRef(task=known[0], n=known[1], last_frame=True))
        return last_frame(path)  # it was moved

    def _find(self, text: str, option: str, files: bool) -> str | None:
        if match := _ROW.fullmatch(text):
            return str(self._row(match[1], option))
        path = expanded(text)
        if not text.startswith("@") and path.is_file():
            return self._saved(text, option) if files else None
        ref, n = numbered(text)
        if not (ref.startswith("@") or is_task_id(ref)):
            return None
        if ref.startswith("@") and self._in_manifest:
            raise UsageError(f"{option} {text} is another task each time", "give the task's id")
        return str(self._checked(self._task(ref, option), n, option))

    def _row(self, text: str, option: str) -> ResultRef:
        if not self._in_manifest:
            raise UsageError(f"{option} {{row:{text}}}: only a manifest has rows")
        key, n = numbered(text)
        return ResultRef(row=key, n=n)

    def _saved(self, text: str, option: str) -> str:
        store = self._store()
        found = store.saved_as(sha256_of(expanded(text))) if store else None
        if store is None or found is None:
            raise UsageError(
                f"{option} {text[:200]!r} was not saved by piooy, and the API has no upload",
                "give an https URL, or --inline to send a file of up to 10 MiB in the request",
            )
        return str(self._checked(store.find(found[0]) or Task(found[0]), found[1], option))

    def _task(self, ref: str, option: str) -> Task:
        store = self._store()
        ids = store.resolve_ref(ref) if store else [] if ref.startswith("@") else [ref]
        if len(ids) != 1:
            raise UsageError(
                f"{option} {ref} refers to {len(ids)} tasks", "give a reference to one task"
            )
        known = store.find(ids[0]) if store else None
        if known is None and len(ids[0]) < _SHORTEST_UNKNOWN:
            raise NotFound(f"{option} {ref!r} is not a URL, a file, or a task in the history")
        return known or Task(ids[0])

    def _checked(self, task: Task, n: int | None, option: str) -> ResultRef:
        """Check what is known already; the rest is checked before the order is sent."""
        from piooy_cli.tasks.input_resolver import fitting_asset

        wanted = _OPTION[option]
        if task.failed:
            raise UsageError(f"{option}: task {task.id} is {task.status}; it has no result to use")
        if task.succeeded and task.assets:
            fitting_asset(task, n, wanted)
            return ResultRef(task=task.id, n=n)
        kind = KIND_OF_MEDIA.get(MediaType(task.media)) if task.media in set(MediaType) else None
        if not n and kind not in (None, OPTIONS[wanted]):
            raise UsageError(f"{option}: task {task.id} makes {task.media}")
        return ResultRef(task=task.id, n=n)


def _is_video(path: Path) -> bool:
    from piooy_cli.media import types

    with path.open("rb") as file:
        extension = types.extension_of(file.read(types.HEAD))
    return extension is not None and types.kind_of(extension) == Kind.VIDEO
