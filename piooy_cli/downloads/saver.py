"""Saving assets: from this disk, from a data URL or by a transfer, finished step by step."""

import asyncio
import base64
import binascii
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import unquote_to_bytes

from piooy_cli.api.client import ApiClient
from piooy_cli.concurrency.backoff import PauseGate
from piooy_cli.concurrency.limits import Limits
from piooy_cli.config.urls import asset_url_fault
from piooy_cli.domain.errors import NotDownloaded
from piooy_cli.domain.events import Tell
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Asset, SavedFile, Task
from piooy_cli.downloads.destination import Destination, DirectoryDestination
from piooy_cli.downloads.finish import NotWhole, Publish, Step, Unfinished, Verify, not_saved_error
from piooy_cli.downloads.object_store import KeepObject
from piooy_cli.downloads.options import SaveOptions
from piooy_cli.downloads.recipes import WriteRecipe, WriteSidecar
from piooy_cli.downloads.stream import DownloadContext
from piooy_cli.downloads.transfer import FreshAddress, Transfer
from piooy_cli.ledger.store import TaskStore


class Saver:
    """Saves assets, `jobs` at a time."""

    def __init__(
        self,
        api: ApiClient,
        options: SaveOptions,
        limits: Limits,
        tell: Tell,
        store: TaskStore,
        jobs: int,
    ) -> None:
        gates: defaultdict[str, PauseGate] = defaultdict(PauseGate)
        resume_store = None if options.temporary else store
        self.options = options
        self._context = DownloadContext(
            api, limits, tell, resume_store, gates.__getitem__, options.hosts
        )
        self._slots = asyncio.Semaphore(jobs)
        self._destination: Destination = DirectoryDestination(options, store, tell)
        self._verify = Verify(tell, svg=options.svg)
        self._steps: tuple[Step, ...] = (
            self._verify,
            WriteRecipe(options, store.find, tell),
            Publish(self._destination),
            WriteSidecar(tell),
            KeepObject(None if options.temporary else options.store, tell),
        )

    async def save(self, task: Task, asset: Asset, fresh: FreshAddress) -> SavedFile | None:
        """Save an asset; return None where its name is taken and was to be skipped.

        `fresh` names the same asset at another address. Raises NotDownloaded or StorageRefused;
        then there is no file, and what had arrived of a large one is kept for the next run.
        """
        async with self._slots:
            copy = await self._destination.find(task, asset)
            if copy and copy.in_place:
                return copy.in_place
            self._check_address(task, asset)
            if not (reserved := self._destination.reserve(task, asset)):
                return None
            with reserved as part, ExitStack() as stack:
                file = Unfinished(task, asset, part, stack)
                await self._fill(file, copy and copy.path, fresh)
                return await self._finish(file)

    async def _fill(self, file: Unfinished, copy: Path | None, fresh: FreshAddress) -> None:
        """Bring all bytes of the asset into its part file, from this disk where they are."""
        if copy:
            await asyncio.to_thread(file.part.copy, copy)
        elif _is_data(file.asset):
            file.part.restart()
            file.part.write(_payload(file.task, file.asset))
        else:
            await Transfer(self._context, file, self._verify, fresh).run()

    async def _finish(self, file: Unfinished) -> SavedFile | None:
        try:
            for step in self._steps:
                await step(file)
        except NotWhole as error:
            raise not_saved_error(file.task, file.asset, error.reason) from error
        return file.saved

    def _check_address(self, task: Task, asset: Asset) -> None:
        if _is_data(asset):
            return
        if fault := asset_url_fault(asset.url, self.options.hosts):
            hint = Hint(
                "download", (task.id, "--allow-http-assets"), "to fetch it without encryption: {}"
            )
            raise NotDownloaded(
                f"asset {asset.n} of task {task.id} {fault}",
                hint if "https" in fault else "",
                task_id=task.id,
            )


def _is_data(asset: Asset) -> bool:
    return asset.url[:5].lower() == "data:"


def _payload(task: Task, asset: Asset) -> bytes:
    head, _, text = asset.url.partition(",")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(text)
    compact = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except binascii.Error:
        raise not_saved_error(task, asset, "its base64 is not valid") from None
