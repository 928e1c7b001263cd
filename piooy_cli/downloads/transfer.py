"""One asset until it is whole in its draft: over as many tries and addresses as that takes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from piooy_cli.api.exceptions import AddressExpired, RequestFailed
from piooy_cli.concurrency.backoff import full_jitter
from piooy_cli.config.urls import asset_url_fault
from piooy_cli.domain.errors import NotDownloaded, PiooyError
from piooy_cli.domain.events import Noticed, Retrying
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Asset, Task
from piooy_cli.downloads.part_file import PartFile
from piooy_cli.downloads.stream import (
    AssetRefused,
    AssetStream,
    DownloadContext,
    PageInsteadOfMedia,
    TransferBroken,
    TransferTooSlow,
)
from piooy_cli.media import types
from piooy_cli.media.integrity import is_whole

PAGE = "the server sent a page or JSON in the place of media"

FreshAddress = Callable[[Asset], Awaitable[Asset]]


class Transfer:
    """Fills one draft."""

    def __init__(
        self, tools: DownloadContext, task: Task, asset: Asset, draft: PartFile, fresh: FreshAddress
    ) -> None:
        self._tools = tools
        self._task = task
        self._asset = asset
        self._draft = draft
        self._fresh = fresh
        self._arrival = AssetStream(tools, task, asset, draft)
        self._healed_at: int | None = None

    async def run(self) -> str:
        """Fill the draft; the extension that its bytes deserve. Raises NotDownloaded."""
        self._arrival.take_up()
        numbers, tries, idle, furthest = self._tools.numbers, 0, 0, self._draft.size
        while True:
            try:
                return await self._attempt()
            except AddressExpired as expired:
                await self._heal(expired)
            except (TransferBroken, RequestFailed) as trouble:
                grown = self._draft.size > furthest and not isinstance(trouble, TransferTooSlow)
                furthest = max(furthest, self._draft.size)
                tries, idle = tries + 1, 0 if grown else idle + 1
                over = idle >= numbers.asset_tries or tries >= numbers.asset_tries_in_all
                if not over and not getattr(trouble, "final", False):
                    await self._pause(trouble, max(idle, 1))
                elif type(trouble) is AssetRefused or not await self._has_fresh_address():
                    raise self._not_downloaded(trouble.reason) from trouble
                else:
                    idle = 0

    async def _attempt(self) -> str:
        await self._tools.gate(self._host).passed()
        if not self._arrival.is_there():
            await self._arrival.receive(self._asset)
        return await self._judged()

    async def _judged(self) -> str:
        """The extension. Raises where these bytes are no media, or not all of it."""
        if self._draft.size == 0:
            raise TransferBroken("the asset is empty")
        try:
            extension = extension_for(self._draft, self._task, self._asset, svg=self._tools.svg)
        except NotDownloaded as page:
            self._arrival.from_the_beginning()
            raise PageInsteadOfMedia(PAGE) from page
        if not self._arrival.measured:
            await self._check_end(extension)
        return extension

    async def _check_end(self, extension: str) -> None:
        """For what came without a length: HTTP calls it whole wherever it stops."""
        with self._draft.reading() as file:
            whole = await asyncio.to_thread(is_whole, extension, file, self._draft.size)
        if whole is False:
            raise TransferBroken(f"it stops in the middle of its {extension.upper()}")
        if whole is None:
            what = f"asset {self._asset.n} of task {self._task.id}"
            self._tools.tell(Noticed(f"{what} came without a length; its end cannot be verified"))

    async def _heal(self, expired: AddressExpired) -> None:
        """Go on at a fresh address; what has arrived stays."""
        if await self._has_fresh_address():
            return
        task = self._task.id
        raise NotDownloaded(
            f"asset {self._asset.n} of task {task} is no longer there: {expired}",
            Hint("download", ("--persist", task), "to have the service store it first: {}"),
            task_id=task,
        )

    async def _has_fresh_address(self) -> bool:
        """Whether the API has another address of the same asset; asked once for each stretch."""
        if self._healed_at == self._draft.size:
            return False
        self._healed_at = self._draft.size
        with suppress(PiooyError):
            before, fresh = self._asset, await self._fresh(self._asset)
            if not asset_url_fault(fresh.url, http=self._tools.http):
                self._asset = fresh
            return self._asset.url != before.url
        return False

    async def _pause(self, trouble: "TransferBroken | RequestFailed", attempt: int) -> None:
        numbers = self._tools.numbers
        wish = trouble.pause if isinstance(trouble, TransferBroken) else None
        pause = full_jitter(attempt, numbers.backoff_base, numbers.backoff_cap)
        pause = pause if wish is None else wish
        what = f"asset {self._asset.n} of {self._task.id}"
        self._tools.tell(Retrying(what, trouble.reason, pause))
        if wish:
            self._tools.gate(self._host).close_for(pause)
        else:
            await asyncio.sleep(pause)

    @property
    def _host(self) -> str:
        return urlsplit(self._asset.url).netloc

    def _not_downloaded(self, reason: str) -> NotDownloaded:
        return not_saved_error(self._task, self._asset, reason)


def extension_for(draft: PartFile, task: Task, asset: Asset, *, svg: bool) -> str:
    """The extension that the bytes deserve. Raises NotDownloaded for a page, or for nothing."""
    if draft.size == 0:
        raise not_saved_error(task, asset, "it is empty")
    if extension := types.extension_of(draft.head):
        return extension
    if types.is_page(draft.head):
        raise not_saved_error(task, asset, PAGE)
    return "svg" if svg and types.is_svg(draft.head) else "bin"


def not_saved_error(task: Task, asset: Asset, reason: str) -> NotDownloaded:
    """An asset that is paid for and not here yet."""
    return NotDownloaded(
        f"asset {asset.n} of task {task.id} could not be saved: {reason}",
        ["it is paid for", Hint("download", (task.id,), "to try again at no charge: {}")],
        task_id=task.id,
    )
