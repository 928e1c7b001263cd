"""The store: each saved file under its digest, as a hard link that takes no room."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from piooy_cli.domain.errors import PiooyError
from piooy_cli.domain.events import Noticed, Tell
from piooy_cli.domain.models import SavedFile
from piooy_cli.downloads.finish import Unfinished
from piooy_cli.files.writing import private_directory

_OBJECTS = "objects"
_DIGEST = 64  # characters


class StoredObject(NamedTuple):
    """A file of the store that no readable name refers to any more."""

    path: Path
    bytes: int


class KeepObject:
    """Link a published file into the store. Whatever goes wrong, the file is saved."""

    def __init__(self, directory: Path | None, tell: Tell) -> None:
        self._directory = directory
        self._tell = tell

    async def __call__(self, file: Unfinished) -> None:
        """Link one file."""
        if self._directory is None or file.saved is None:
            return
        try:
            _link(self._directory, file.saved)
        except (OSError, PiooyError) as error:
            where = f"{file.saved.path} is not in the store {self._directory}"
            self._tell(Noticed(f"{where}: {error}"))


def unreferenced(directory: Path) -> Iterator[StoredObject]:
    """Yield the objects whose readable names are all gone."""
    for path in sorted((directory / _OBJECTS).glob("*/*")):
        known = path.lstat()
        if path.is_file() and not path.is_symlink() and known.st_nlink == 1 and _is_object(path):
            yield StoredObject(path, known.st_size)


def _link(directory: Path, saved: SavedFile) -> None:
    source = Path(saved.path)
    place = private_directory(directory / _OBJECTS / saved.sha256[:2])
    target = place / f"{saved.sha256}{source.suffix}"
    if not target.exists():
        os.link(source, target)


def _is_object(path: Path) -> bool:
    return len(path.stem) == _DIGEST and path.stem.startswith(path.parent.name)
