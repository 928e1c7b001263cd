"""Where saved files are: by task, by their bytes, and found again in other directories."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.domain.errors import NotFound
from piooy_cli.domain.models import SavedFile
from piooy_cli.files.reading import expanded, sha256_of

if TYPE_CHECKING:
    from piooy_cli.ledger.records import DamagedFile
    from piooy_cli.ledger.store import OrderStore

_SHORTEST_DIGEST = 8
_HEXADECIMAL = frozenset("0123456789abcdef")


class FoundFile(NamedTuple):
    """A saved file, and where it is: `state` is here, moved, changed or missing."""

    file: SavedFile
    state: str
    path: Path


def find_files(store: "OrderStore", text: str, directories: Sequence[str]) -> list[FoundFile]:
    """Return the files that a reference, a file, or a digest means. Raises NotFound.

    Files that are not where they were saved are looked for below `directories`.
    """
    files = list(_meant(store, text))
    if not files:
        raise NotFound(f"no saved file is known for {text}")
    here = {file.path: _state(Path(file.path), file) for file in files}
    lost = [file for file in files if here[file.path] != "here"]
    moved = found_below(map(expanded, directories), {(one.bytes, one.sha256) for one in lost})
    if (given := expanded(text)).is_file() and not text.startswith("@"):
        moved = {file.sha256: given for file in files} | moved
    return [_found(file, here[file.path], moved) for file in files]


def found_below(
    directories: Iterable[Path], wanted: Collection[tuple[int, str]]
) -> dict[str, Path]:
    """Return a path for each digest that is found below the directories. `wanted`: with sizes."""
    by_size: defaultdict[int, set[str]] = defaultdict(set)
    for size, digest in wanted:
        by_size[size].add(digest)
    found: dict[str, Path] = {}
    for path in _files_below(directories) if wanted else ():
        with suppress(OSError):
            if (size := path.stat().st_size) in by_size:
                digest = sha256_of(path)
                if digest in by_size[size]:
                    found.setdefault(digest, path.absolute())
    return found


def follow_moved(
    store: "OrderStore", damaged: "Sequence[DamagedFile]", directories: Sequence[str]
) -> list[tuple["DamagedFile", Path]]:
    """Record where missing files are now; return those that were found below the directories."""
    missing = [one for one in damaged if not one.path.exists()]
    wanted = {(one.bytes, one.sha256) for one in missing}
    found = found_below(map(expanded, directories), wanted)
    moved = [(one, found[one.sha256]) for one in missing if one.sha256 in found]
    for one, path in moved:
        task = store.find(one.task_id)
        asset = next((a for a in task.assets if a.n == one.n), None) if task else None
        if task and asset:
            store.record_file(SavedFile(task, asset, str(path), one.bytes, one.sha256))
    store.commit_pending()
    return moved


def _meant(store: "OrderStore", text: str) -> Iterable[SavedFile]:
    path = expanded(text)
    if not text.startswith("@") and path.is_file():
        return store.files_with(sha256_of(path))
    digest = text.lower()
    is_digest = len(digest) >= _SHORTEST_DIGEST and _HEXADECIMAL.issuperset(digest)
    return (store.files_with(digest) if is_digest else []) or store.order_named(text).files


def _state(path: Path, file: SavedFile) -> str:
    with suppress(OSError):
        if not path.is_file():
            return "missing"
        same = path.stat().st_size == file.bytes and sha256_of(path) == file.sha256
        return "here" if same else "changed"
    return "missing"


def _found(file: SavedFile, state: str, moved: dict[str, Path]) -> FoundFile:
    if state != "here" and file.sha256 in moved:
        return FoundFile(file, "moved", moved[file.sha256].absolute())
    return FoundFile(file, state, Path(file.path))


def _files_below(directories: Iterable[Path]) -> Iterator[Path]:
    for directory in directories:
        for place, _, names in os.walk(directory):
            yield from (Path(place, name) for name in names)
