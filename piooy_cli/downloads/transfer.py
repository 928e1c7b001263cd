"""Transferring one asset, with as many retries and fresh URLs as it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

from piooy_cli.api.exceptions import AddressExpired, AddressNotAllowed, RequestFailed
from piooy_cli.concurrency.backoff import full_jitter
from piooy_cli.config.urls import asset_url_fault
from piooy_cli.domain.errors import NotDownloaded, PiooyError
from piooy_cli.domain.events import Retrying
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Asset
from piooy_cli.downloads.finish import NotWhole, Step, Unfinished, not_saved_error
from piooy_cli.downloads.stream import (
    AssetRefused,
    AssetStream,
    DownloadContext,
    PageInsteadOfMedia,
    TransferBroken,
    TransferTooSlow,
)

FreshAddress = Callable[[Asset], Awaitable[Asset]]


class Transfer:
    """Fills one part file; tries again where what has arrived does not pass `verify`."""

    def __init__(
        self, context: DownloadContext, file: Unfinished, verify: Step, fresh: FreshAddress
    ) -> None:
        self._context = context
        self._file = file
        self._task = file.task
        self._asset = file.asset
        self._part = file.part
        self._verify = verify
        self._fresh = fresh
        self._stream = AssetStream(context, file.task, file.asset, file.part)
        self._healed_at: int | None = None
        self._missing = 0

    async def run(self) -> None:
        """Fill the part file. Raises NotDownloaded."""
        await self._stream.resume()
        limits, tries, idle, furthest = self._context.limits, 0, 0, self._part.size
        while True:
            try:
                return await self._attempt()
            except AddressExpired as expired:
                await self._heal(expired)
            except (TransferBroken, RequestFailed) as trouble:
                grown = self._part.size > furthest and not isinstance(trouble, TransferTooSlow)
                furthest = max(furthest, self._part.size)
                tries, idle = tries + 1, 0 if grown else idle + 1
                over = idle >= limits.asset_tries or tries >= limits.asset_tries_in_all
                if not over and not getattr(trouble, "final", False):
                    await self._pause(trouble, max(idle, 1))
                elif isinstance(trouble, AddressNotAllowed):
                    raise self._not_allowed(trouble) from trouble
                elif type(trouble) is AssetRefused or not await self._has_fresh_address():
                    raise not_saved_error(self._task, self._asset, trouble.reason) from trouble
                else:
                    idle = 0

    def _not_allowed(self, refused: AddressNotAllowed) -> NotDownloaded:
        error = not_saved_error(self._task, self._asset, refused.reason)
        arguments = (self._task.id, "--allow-private-assets")
        error.hints = [Hint("download", arguments, "if you trust it: {}")]
        return error

    async def _attempt(self) -> None:
        """Make one request. Raises TransferBroken if the bytes are not the whole asset."""
        await self._context.gate(self._host).passed()
        if not self._stream.is_there():
            await self._stream.receive(self._asset)
        self._file.has_known_length = self._stream.has_known_length
        try:
            await self._verify(self._file)
        except NotWhole as error:
            if error.is_page:
                self._stream.from_the_beginning()
                raise PageInsteadOfMedia(error.reason) from error
            raise TransferBroken(error.reason) from error

    async def _heal(self, expired: AddressExpired) -> None:
        """Continue from a fresh URL; what has arrived is kept."""
        if await self._has_fresh_address() or await self._is_awaited(expired):
            return
        task = self._task.id
        raise NotDownloaded(
            f"asset {self._asset.n} of task {task} is no longer there: {expired}",
            Hint("download", ("--persist", task), "to have the service store it first: {}"),
            task_id=task,
        )

    async def _is_awaited(self, missing: AddressExpired) -> bool:
        """Pause if the task has just ended: its file may become reachable a little later."""
        ended = self._task.settled_at
        if (
            not ended
            or (datetime.now(UTC) - ended).total_seconds() > self._context.limits.asset_late
        ):
            return False
        self._missing += 1
        await self._pause(TransferBroken(str(missing)), self._missing)
        return True

    async def _has_fresh_address(self) -> bool:
        """Whether the API has another URL of the same asset; asked once until more bytes arrive."""
        if self._healed_at == self._part.size:
            return False
        self._healed_at = self._part.size
        with suppress(PiooyError):
            before, fresh = self._asset, await self._fresh(self._asset)
            if not asset_url_fault(fresh.url, self._context.hosts):
                self._asset = fresh
            return self._asset.url != before.url
        return False

    async def _pause(self, trouble: "TransferBroken | RequestFailed", attempt: int) -> None:
        limits = self._context.limits
        wanted = trouble.pause if isinstance(trouble, TransferBroken) else None
        pause = full_jitter(attempt, limits.backoff_base, limits.backoff_cap)
        pause = pause if wanted is None else wanted
        what = f"asset {self._asset.n} of {self._task.id}"
        self._context.tell(Retrying(what, trouble.reason, pause))
        if wanted:
            self._context.gate(self._host).close_for(pause)
        else:
            await asyncio.sleep(pause)

    @property
    def _host(self) -> str:
        return urlsplit(self._asset.url).netloc
