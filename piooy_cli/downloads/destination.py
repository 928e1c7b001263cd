"""Where assets are saved: found where they already are, reserved before a transfer, committed."""

import asyncio
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from piooy_cli.domain.events import Noticed, Tell
from piooy_cli.domain.models import Asset, SavedFile, Task
from piooy_cli.downloads.options import OnExists, SaveOptions
from piooy_cli.downloads.part_file import PartFile, remove_stale_part, stale_parts
from piooy_cli.downloads.publish import ensure_writable, file_exists_error, publish
from piooy_cli.files.reading import sha256_of
from piooy_cli.ledger.store import ResumeStore
from piooy_cli.media import types


class LocalCopy(NamedTuple):
    """A file that an earlier run saved, unchanged since. `in_place`: where it would go now."""

    path: Path
    in_place: SavedFile | None


class Destination(Protocol):
    """A place for assets. Each asset goes through these three steps, in this order."""

    async def find(self, task: Task, asset: Asset) -> LocalCopy | None:
        """Return the file of an asset that is already on this disk, if there is one."""

    def reserve(self, task: Task, asset: Asset) -> PartFile | None:
        """Decide on the name; return the file to fill, or None where the asset is skipped.

        Raises StorageRefused where nothing can be written, or the name is taken.
        """

    async def commit(
        self, task: Task, asset: Asset, part: PartFile, extension: str
    ) -> SavedFile | None:
        """Give the whole file its name; None where it is skipped. Raises StorageRefused."""


class DirectoryDestination:
    """A directory of files, named by a template."""

    def __init__(self, options: SaveOptions, store: ResumeStore, tell: Tell) -> None:
        self._options = options
        self._store = store
        self._tell = tell
        self._is_prepared = False

    async def find(self, task: Task, asset: Asset) -> LocalCopy | None:
        """Return the file that the history knows, if it is still there and unchanged."""
        name, sha256 = self._store.saved_file(task.id, asset.n) or ("", "")
        if not name:
            return None
        return await asyncio.to_thread(self._local_copy, task, asset, Path(name), sha256)

    def _local_copy(self, task: Task, asset: Asset, path: Path, sha256: str) -> LocalCopy | None:
        if not _is_unchanged(path, sha256):
            return None
        wanted = self._options.path(task, asset, path.suffix[1:])
        if not self._is_in_place(path, wanted):
            return LocalCopy(path, None)
        shown = str(wanted.with_name(path.name))
        return LocalCopy(path, SavedFile(task, asset, shown, path.stat().st_size, sha256, True))

    def reserve(self, task: Task, asset: Asset) -> PartFile | None:
        """Refuse a name that is taken, as far as the URL tells it, before any byte is transferred.

        The extension is settled by the bytes: `commit` looks again.
        """
        self._options.check_place()
        self._prepare()
        wanted = self._options.likely_path(task, asset)
        if self._is_named_by(asset.url) and wanted.exists():
            if self._options.on_exists is OnExists.SKIP:
                self._tell(Noticed(f"{wanted} exists, skipped"))
                return None
            if self._options.on_exists is OnExists.FAIL:
                raise file_exists_error(wanted)
        part = PartFile(self._options.target.directory, f"{task.id}-{asset.n}")
        self._remove_older_part(task, asset, part)
        return part

    async def commit(
        self, task: Task, asset: Asset, part: PartFile, extension: str
    ) -> SavedFile | None:
        """Link the file to its name; no other file is ever replaced unasked."""
        wanted = self._options.path(task, asset, extension)
        self._options.check_place()
        # The disk's sync takes milliseconds, in which other transfers continue.
        published = await asyncio.to_thread(publish, part, wanted, self._options.on_exists)
        if published is None:
            self._tell(Noticed(f"{wanted} exists, skipped"))
            return None
        path, already_there = published
        return SavedFile(task, asset, str(path), part.size, part.sha256, already_there)

    def _is_named_by(self, url: str) -> bool:
        """Whether the URL says which extension the file will have."""
        return types.extension_in(urlsplit(url).path) is not None

    def _is_in_place(self, path: Path, wanted: Path) -> bool:
        """Whether a saved file is what would be saved now, and where."""
        is_svg = self._options.svg and path.suffix == ".bin"
        in_directory = path.parent == wanted.parent.absolute()
        return in_directory and not is_svg and self._is_name_of(path, wanted)

    def _is_name_of(self, path: Path, wanted: Path) -> bool:
        """Whether these options would give this name, with a number behind it or not."""
        policy = self._options.on_exists
        if path.name == wanted.name:
            return policy is not OnExists.SKIP
        number = path.stem.removeprefix(f"{wanted.stem}-")
        is_numbered = number != path.stem and number.isascii() and number.isdigit()
        return policy is OnExists.RENAME and is_numbered and path.suffix == wanted.suffix

    def _prepare(self) -> None:
        """Once: make the directory, and remove what killed runs left in it."""
        directory = self._options.target.directory
        if not self._is_prepared:
            ensure_writable(directory)
            self._is_prepared = True
            for stray in stale_parts(directory):
                remove_stale_part(stray)

    def _remove_older_part(self, task: Task, asset: Asset, part: PartFile) -> None:
        """Remove what a killed run left of this asset in another directory."""
        known = None
        if not self._options.temporary:
            known = self._store.resume_info(task.id, asset.n)
        if known and known.path != str(part.path.absolute()):
            remove_stale_part(Path(known.path))


def _is_unchanged(path: Path, sha256: str) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and sha256_of(path) == sha256
    except OSError:
        return False
