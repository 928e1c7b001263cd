"""Saving assets: whole, verified, under a good name, and never over something of the person's."""

import asyncio
import base64
import binascii
from collections import defaultdict
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from piooy_cli.api.client import ApiClient
from piooy_cli.concurrency.backoff import PauseGate
from piooy_cli.concurrency.limits import Limits
from piooy_cli.config.urls import asset_url_fault
from piooy_cli.domain.errors import NotDownloaded
from piooy_cli.domain.events import Noticed, Tell
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Asset, SavedFile, Task
from piooy_cli.downloads import naming
from piooy_cli.downloads.part_file import PartFile, remove_stale_part, stale_parts
from piooy_cli.downloads.publish import ensure_writable, publish
from piooy_cli.downloads.stream import DownloadContext
from piooy_cli.downloads.transfer import FreshAddress, Transfer, extension_for, not_saved_error
from piooy_cli.files import sha256_of
from piooy_cli.ledger.store import ResumeStore
from piooy_cli.media import types


class OnExists(StrEnum):
    """What happens when the name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How the user wants files saved. `temporary`: into a directory that is gone at the end."""

    target: naming.Target
    on_exists: OnExists = OnExists.RENAME
    covers: bool = False
    http_assets: bool = False
    svg: bool = False
    temporary: bool = False

    def likely_path(self, task: Task, asset: Asset) -> Path:
        """Where an asset would go. Its extension is a guess until its bytes are here."""
        extension = types.likely_extension(urlsplit(asset.url).path, asset.kind)
        return self.target.path(naming.values_of(task, asset, extension))

    def at(self, output: str | None) -> "SaveOptions":
        """The same options for another place, if there is one. Raises UsageError."""
        return self if output is None else replace(self, target=naming.Target.of(output))

    @property
    def again(self) -> str:
        """The options with which `piooy wait` saves in the same way."""
        from shlex import quote

        if self.temporary:
            return ""
        output = f" -o {quote(self.target.spelled)}" if self.target.spelled else ""
        exists = "" if self.on_exists is OnExists.RENAME else f" --on-exists {self.on_exists}"
        http = " --allow-http-assets" if self.http_assets else ""
        svg = " --allow-svg" if self.svg else ""
        return f" --download{output}{exists}{http}{svg}"


class Saver:
    """Fetches assets, so many at a time."""

    def __init__(
        self,
        api: ApiClient,
        options: SaveOptions,
        numbers: Limits,
        tell: Tell,
        store: ResumeStore,
        jobs: int,
    ) -> None:
        gates: defaultdict[str, PauseGate] = defaultdict(PauseGate)
        self.options = options
        self._tell = tell
        self._store = store
        self._resume_store = None if options.temporary else store
        self._tools = DownloadContext(
            api,
            numbers,
            tell,
            self._resume_store,
            gates.__getitem__,
            options.http_assets,
            options.svg,
        )
        self._slots = asyncio.Semaphore(jobs)
        self._prepared = False

    async def save(self, task: Task, asset: Asset, fresh: FreshAddress) -> SavedFile | None:
        """The asset on disk; None where its name is taken and was to be skipped.

        `fresh` names the same asset at another address. Raises NotDownloaded or StorageRefused;
        then there is no file, and what had arrived of a large one is kept for the next run.
        """
        async with self._slots:
            known = self._intact(task, asset)
            if known and (here := self._in_place(*known, task, asset)):
                return here
            self._check_address(task, asset)
            self._prepare(self.options.target.directory)
            with PartFile(self.options.target.directory, f"{task.id}-{asset.n}") as draft:
                self._tidy(task, asset, draft)
                extension = await self._filled(task, asset, draft, known and known[0], fresh)
                return await self._place(task, asset, draft, extension)

    def _intact(self, task: Task, asset: Asset) -> tuple[Path, str] | None:
        """Where it was saved once and still is, unchanged; and its sha256."""
        path, sha256 = self._store.saved_file(task.id, asset.n) or ("", "")
        return (Path(path), sha256) if path and _is(Path(path), sha256) else None

    def _in_place(self, known: Path, sha256: str, task: Task, asset: Asset) -> SavedFile | None:
        """That file, where it is what and where it would be saved now."""
        wanted = self.options.target.path(naming.values_of(task, asset, known.suffix[1:]))
        drawing = self.options.svg and known.suffix == ".bin"
        here = self._is_name_of(known, wanted) and known.parent == wanted.parent.absolute()
        if drawing or not here:
            return None
        shown = wanted.with_name(known.name)
        return SavedFile(task, asset, str(shown), known.stat().st_size, sha256, True)

    def _is_name_of(self, path: Path, wanted: Path) -> bool:
        """Whether `path` is what these options would name it, a number behind it included."""
        if path.name == wanted.name:
            return self.options.on_exists is not OnExists.SKIP
        number = path.stem.removeprefix(f"{wanted.stem}-")
        numbered = number != path.stem and number.isascii() and number.isdigit()
        return (
            self.options.on_exists is OnExists.RENAME and numbered and path.suffix == wanted.suffix
        )

    async def _filled(
        self, task: Task, asset: Asset, draft: PartFile, known: Path | None, fresh: FreshAddress
    ) -> str:
        """The draft with all bytes of the asset, from this disk where they are; its extension."""
        if known:
            draft.copy(known)
            return extension_for(draft, task, asset, svg=self.options.svg)
        if asset.url[:5].lower() == "data:":
            draft.restart()
            draft.write(_payload(task, asset))
            return extension_for(draft, task, asset, svg=self.options.svg)
        return await Transfer(self._tools, task, asset, draft, fresh).run()

    def _prepare(self, directory: Path) -> None:
        """Once: a place that can be written, without what dead runs left there."""
        if not self._prepared:
            ensure_writable(directory)
            self._prepared = True
            for stray in stale_parts(directory):
                remove_stale_part(stray)

    def _tidy(self, task: Task, asset: Asset, draft: PartFile) -> None:
        """Remove what a dead run left of it in another place."""
        store = self._resume_store
        known = store.resume_info(task.id, asset.n) if store else None
        if known and known.path != str(draft.path.absolute()):
            remove_stale_part(Path(known.path))

    def _check_address(self, task: Task, asset: Asset) -> None:
        if asset.url[:5].lower() == "data:":
            return
        if fault := asset_url_fault(asset.url, http=self.options.http_assets):
            hint = Hint(
                "download", (task.id, "--allow-http-assets"), "to fetch it without encryption: {}"
            )
            raise NotDownloaded(
                f"asset {asset.n} of task {task.id} {fault}",
                hint if "http" in fault else "",
                task_id=task.id,
            )

    async def _place(
        self, task: Task, asset: Asset, draft: PartFile, extension: str
    ) -> SavedFile | None:
        wanted = self.options.target.path(naming.values_of(task, asset, extension))
        # The disk's sync takes milliseconds, in which others can go on.
        published = await asyncio.to_thread(publish, draft, wanted, self.options.on_exists)
        if published is None:
            self._tell(Noticed(f"{wanted} exists, skipped"))
            return None
        path, already_there = published
        return SavedFile(task, asset, str(path), draft.size, draft.sha256, already_there)


def _is(path: Path, sha256: str) -> bool:
    """Whether this file is there, and unchanged."""
    try:
        return path.is_file() and not path.is_symlink() and sha256_of(path) == sha256
    except OSError:
        return False


def _payload(task: Task, asset: Asset) -> bytes:
    head, _, text = asset.url.partition(",")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(text)
    compact = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except binascii.Error:
        raise not_saved_error(task, asset, "its base64 is broken") from None
