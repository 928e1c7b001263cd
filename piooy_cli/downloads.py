"""Saving assets: whole, verified, under a good name, and never over something of the person's."""

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from piooy_cli import media, naming
from piooy_cli.api.client import Api
from piooy_cli.api.faults import Expired, Fault
from piooy_cli.api.http import Media
from piooy_cli.api.numbers import Numbers
from piooy_cli.api.retry import Gate, full_jitter, retry_after
from piooy_cli.errors import NotDownloaded, PiooyError
from piooy_cli.events import Noticed, Retrying, Saving, Tell
from piooy_cli.files import Draft, check_room, publish
from piooy_cli.models import Asset, SavedFile, Task
from piooy_cli.settings import asset_fault

_EXPIRED = frozenset({401, 403, 404, 410})
_PASSING = frozenset({408, 409, 425, 429})


class OnExists(StrEnum):
    """What happens when the name is taken."""

    SKIP = "skip"
    RENAME = "rename"
    OVERWRITE = "overwrite"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Wish:
    """How a person wants files saved."""

    target: naming.Target
    on_exists: OnExists = OnExists.RENAME
    covers: bool = False
    http_assets: bool = False

    @property
    def again(self) -> str:
        """The options with which `piooy wait` saves in the same way."""
        from shlex import quote

        output = f" -o {quote(self.target.spelled)}" if self.target.spelled else ""
        exists = "" if self.on_exists is OnExists.RENAME else f" --on-exists {self.on_exists}"
        http = " --allow-http-assets" if self.http_assets else ""
        return f" --download{output}{exists}{http}"


class _Broken(Exception):
    """The transfer failed in a way that another try may mend."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause


class Saver:
    """Fetches assets, so many at a time."""

    def __init__(self, api: Api, wish: Wish, numbers: Numbers, tell: Tell, jobs: int) -> None:
        self._api = api
        self.wish = wish
        self._numbers = numbers
        self._tell = tell
        self._gate = Gate()
        self._slots = asyncio.Semaphore(jobs)

    async def save(self, task: Task, asset: Asset) -> SavedFile | None:
        """The asset on disk; None where its name is taken and was to be skipped.

        Raises Expired, NotDownloaded or StorageRefused; then nothing is left behind.
        """
        self._check_address(task, asset)
        async with self._slots:
            with Draft(self.wish.target.directory, f"{task.id[:8]}-{asset.n}") as draft:
                extension = await self._transfer(task, asset, draft)
                return self._place(task, asset, draft, extension)

    def _check_address(self, task: Task, asset: Asset) -> None:
        if asset.url[:5].lower() == "data:":
            return
        if fault := asset_fault(asset.url, http=self.wish.http_assets):
            hint = f"`piooy download {task.id} --allow-http-assets` fetches it in the open"
            raise NotDownloaded(
                f"asset {asset.n} of task {task.id} {fault}",
                hint if "http" in fault else "",
                task_id=task.id,
            )

    async def _transfer(self, task: Task, asset: Asset, draft: Draft) -> str:
        """Fill the draft; returns the extension that its bytes deserve."""
        for attempt in range(1, self._numbers.asset_tries + 1):
            try:
                await self._gate.passed()
                draft.restart()
                await self._receive(task, asset, draft)
                return self._judged(task, asset, draft)
            except (_Broken, Fault) as trouble:
                last = attempt == self._numbers.asset_tries or getattr(trouble, "final", False)
                if last:
                    raise _not_downloaded(task, asset, trouble.reason) from trouble
                await self._pause(task, asset, trouble, attempt)
        raise AssertionError("the loop above returns or raises")

    async def _pause(
        self, task: Task, asset: Asset, trouble: "_Broken | Fault", attempt: int
    ) -> None:
        n = self._numbers
        wish = trouble.pause if isinstance(trouble, _Broken) else None
        pause = full_jitter(attempt, n.backoff_base, n.backoff_cap) if wish is None else wish
        self._tell(Retrying(f"asset {asset.n} of {task.id}", trouble.reason, pause))
        if wish is not None:
            self._gate.close_for(pause)
        await asyncio.sleep(pause)

    async def _receive(self, task: Task, asset: Asset, draft: Draft) -> None:
        if asset.url[:5].lower() == "data:":
            draft.write(_payload(task, asset))
            return
        async with self._api.media(asset.url, {}, http=self.wish.http_assets) as arriving:
            total = self._expected(arriving)
            async for chunk in _capped(arriving.chunks, self._numbers.asset_bytes):
                draft.write(chunk)
                self._tell(Saving(task, asset, draft.size, total))
            if total is not None and draft.size != total:
                raise _Broken(f"{draft.size:,} of {total:,} bytes arrived")

    def _expected(self, arriving: Media) -> int | None:
        """The announced length. Raises for an answer that is not the asset."""
        status = arriving.status
        if status in _EXPIRED:
            raise Expired(f"HTTP {status}")
        if status in _PASSING or status >= 500:
            raise _Broken(f"HTTP {status}", retry_after(arriving.headers))
        if status != 200 or "content-range" in arriving.headers:
            raise _Refused(f"the asset's server answered HTTP {status}")
        text = arriving.headers.get("content-length", "")
        total = int(text) if text.isascii() and text.isdigit() else None
        if total is not None and total > self._numbers.asset_bytes:
            raise _Refused(
                f"the asset has {total:,} bytes; at most {self._numbers.asset_bytes:,} are taken"
            )
        check_room(self.wish.target.directory, total or 0)
        return total

    def _judged(self, task: Task, asset: Asset, draft: Draft) -> str:
        if draft.size == 0:
            raise _Broken("the asset is empty")
        if extension := media.extension_of(draft.head):
            return extension
        if media.is_page(draft.head):
            raise _not_downloaded(
                task, asset, "the server sent a page or JSON in the place of media"
            )
        return "bin"

    def _place(self, task: Task, asset: Asset, draft: Draft, extension: str) -> SavedFile | None:
        wanted = self.wish.target.path(naming.values_of(task, asset, extension))
        published = publish(draft, wanted, self.wish.on_exists)
        if published is None:
            self._tell(Noticed(f"{wanted} exists, skipped"))
            return None
        path, already_there = published
        return SavedFile(task, asset, str(path), draft.size, draft.sha256, already_there)


class _Refused(Fault):
    """No further try can bring this asset."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, final=True)


def _not_downloaded(task: Task, asset: Asset, reason: str) -> PiooyError:
    return NotDownloaded(
        f"asset {asset.n} of task {task.id} could not be saved: {reason}",
        f"it is paid for; `piooy download {task.id}` tries again at no charge",
        task_id=task.id,
    )


async def _capped(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > most:
            raise _Refused(f"the asset is larger than {most:,} bytes")
        yield chunk


def _payload(task: Task, asset: Asset) -> bytes:
    head, _, text = asset.url.partition(",")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(text)
    compact = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except binascii.Error:
        raise _not_downloaded(task, asset, "its base64 is broken") from None
