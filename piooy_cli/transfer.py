"""One asset on its way into a draft: over as many tries and addresses as it takes, never mixed."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from piooy_cli import media
from piooy_cli.api.client import Api
from piooy_cli.api.faults import Expired, Fault
from piooy_cli.api.http import Media
from piooy_cli.api.numbers import Numbers
from piooy_cli.api.retry import Gate, full_jitter, retry_after
from piooy_cli.drafts import Draft
from piooy_cli.errors import NotDownloaded, PiooyError
from piooy_cli.events import Noticed, Retrying, Saving, Tell
from piooy_cli.files import check_room
from piooy_cli.media.endings import is_whole
from piooy_cli.models import Asset, Part, Task

_EXPIRED = frozenset({401, 403, 404, 410})
_PASSING = frozenset({408, 409, 425, 429})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", re.ASCII)
_WHOLE_LENGTH = re.compile(r"bytes \*/([0-9]{1,18})", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_FOR_A_THREAD = 100_000  # bytes
_OVERLAP = 4096  # bytes that an address other than the first has to repeat before it is believed

PAGE = "the server sent a page or JSON in the place of media"

Fresh = Callable[[Asset], Awaitable[Asset]]


class Parts(Protocol):
    """What is remembered of files, from run to run."""

    def part(self, task_id: str, n: int) -> Part | None:
        """What has arrived of an asset."""

    def keep_part(self, task_id: str, n: int, part: Part) -> None:
        """Remember where it is arriving."""

    def file(self, task_id: str, n: int) -> tuple[str, str] | None:
        """Where it was saved, and its sha256."""


class Tools(NamedTuple):
    """What every transfer of a run uses. `gate`: of a host, closed for all by one answer."""

    api: Api
    numbers: Numbers
    tell: Tell
    parts: Parts
    gate: Callable[[str], Gate]
    http: bool = False
    svg: bool = False


class _Broken(Exception):
    """The transfer failed in a way that another try may mend. `pause`: the server's wish."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause


class _Slow(_Broken):
    """Bytes come, and too few: no progress to speak of."""


class _Refused(Fault):
    """No further try can bring this asset."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, final=True)


class _Page(_Refused):
    """An error page with a good status, as some hosts send it for an address that has expired."""


class Transfer:
    """Fills one draft, and knows what the bytes in it are of."""

    def __init__(self, tools: Tools, task: Task, asset: Asset, draft: Draft, fresh: Fresh) -> None:
        self._tools = tools
        self._task = task
        self._asset = asset
        self._draft = draft
        self._fresh = fresh
        self._part: Part | None = None
        self._ranges = True  # until an answer to one cannot be believed
        self._healed_at: int | None = None
        self._measured = True

    async def run(self) -> str:
        """Fill the draft; the extension that its bytes deserve. Raises NotDownloaded."""
        self._take_up()
        numbers, tries, idle, furthest = self._tools.numbers, 0, 0, self._draft.size
        while True:
            try:
                return await self._attempt()
            except Expired as expired:
                await self._heal(expired)
            except (_Broken, Fault) as trouble:
                grown = self._draft.size > furthest and not isinstance(trouble, _Slow)
                furthest = max(furthest, self._draft.size)
                tries, idle = tries + 1, 0 if grown else idle + 1
                over = idle >= numbers.asset_tries or tries >= numbers.asset_tries_in_all
                if not over and not getattr(trouble, "final", False):
                    await self._pause(trouble, max(idle, 1))
                elif type(trouble) is _Refused or not await self._has_fresh_address():
                    raise self._not_downloaded(trouble.reason) from trouble
                else:
                    idle = 0

    async def _attempt(self) -> str:
        await self._tools.gate(self._host).passed()
        if not self._is_there():
            await self._receive()
        return self._judged()

    def _take_up(self) -> None:
        """Go on where an earlier run was cut off, if what is there is surely of this asset."""
        known = self._tools.parts.part(self._task.id, self._asset.n)
        if known and known.path == str(self._draft.path.absolute()):
            self._draft.take_up()
            if 0 < self._draft.size <= known.length:
                self._part, self._draft.kept = known, True
                return
        self._draft.restart()

    def _is_there(self) -> bool:
        return self._part is not None and self._draft.size == self._part.length

    async def _receive(self) -> None:
        headers, overlap = self._asking()
        async with self._tools.api.media(
            self._asset.url, headers, http=self._tools.http
        ) as arriving:
            total = self._begun(arriving, bool(headers), overlap)
            async for size in self._written(self._bounded(self._after(overlap, arriving.chunks))):
                self._tools.tell(Saving(self._task, self._asset, size, total))
            if total is not None and self._draft.size != total:
                raise _Broken(f"{self._draft.size:,} of {total:,} bytes arrived")
            self._measured = total is not None

    async def _written(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[int]:
        """How much is there, after each write. Large ones go to a thread: disk and hash are slow,
        and the next bytes can come meanwhile."""
        draft, writing = self._draft, None
        loop = asyncio.get_running_loop()
        try:
            async for chunk in chunks:
                if writing:
                    await asyncio.shield(writing)
                    writing = None
                if len(chunk) < _FOR_A_THREAD:
                    draft.write(chunk)
                else:
                    writing = loop.run_in_executor(None, draft.write, chunk)
                yield draft.size
            if writing:
                await asyncio.shield(writing)
        finally:
            if writing:  # it writes into a file that is about to be closed
                await asyncio.wait({writing})

    def _asking(self) -> tuple[dict[str, str], int]:
        """A range, where the bytes before it are known to be of the same file."""
        if not (self._part and self._draft.size and self._ranges):
            return {}, 0
        same = self._part.address == digest(self._asset.url)
        overlap = 0 if same else min(_OVERLAP, self._draft.size)
        start = self._draft.size - overlap
        return {"range": f"bytes={start}-", "if-range": self._part.etag}, overlap

    def _begun(self, arriving: Media, ranged: bool, overlap: int) -> int | None:
        """The length of the whole. Raises for an answer that is not the asset."""
        status, headers = arriving.status, arriving.headers
        if status in _EXPIRED:
            raise Expired(f"HTTP {status}")
        if status in _PASSING or status >= 500:
            raise _Broken(f"HTTP {status}", retry_after(headers))
        if ranged and (status in (206, 416) or "content-range" in headers):
            return self._continued(arriving, overlap)
        if status != 200 or "content-range" in headers:
            raise _Refused(f"the asset's server answered HTTP {status}")
        return self._restarted(arriving)

    def _continued(self, arriving: Media, overlap: int) -> int:
        """The length, where this is the rest of just these bytes; else all begins anew."""
        assert self._part is not None
        found = _RANGE.fullmatch(arriving.headers.get("content-range", ""))
        etag = arriving.headers.get("etag", self._part.etag)
        wanted = self._draft.size - overlap, self._part.length - 1, self._part.length
        if arriving.status == 206 and found and etag == self._part.etag:
            first, last, length = map(int, found.groups())
            if (first, last, length) == wanted:
                return length
        self._from_the_beginning()
        raise _Broken(f"HTTP {arriving.status} is not the rest of the file; from the beginning", 0)

    def _from_the_beginning(self) -> None:
        self._ranges = False
        self._part, self._draft.kept = None, False
        self._draft.restart()

    def _restarted(self, arriving: Media) -> int | None:
        """The announced length; what had arrived before is of something else."""
        self._draft.restart()
        self._part, self._draft.kept = None, False
        text = arriving.headers.get("content-length", "")
        total = int(text) if _LENGTH.fullmatch(text) else None
        most = self._tools.numbers.asset_bytes
        if total is not None and total > most:
            raise _Refused(f"the asset has {total:,} bytes; at most {most:,} are taken")
        check_room(self._draft.path.parent, total or 0)
        etag = arriving.headers.get("etag", "")
        if total and etag.startswith('"') and self._ranges:
            path = str(self._draft.path.absolute())
            self._part = Part(path, digest(self._asset.url), etag, total)
            if total >= self._tools.numbers.asset_kept:
                self._tools.parts.keep_part(self._task.id, self._asset.n, self._part)
                self._draft.kept = True
        return total

    async def _after(self, overlap: int, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """What comes behind the bytes that are known, once those have come as they were."""
        known, repeated = self._draft.tail(overlap) if overlap else b"", b""
        async for chunk in chunks:
            if len(repeated) == overlap:
                yield chunk
                continue
            repeated += chunk
            rest, repeated = repeated[overlap:], repeated[:overlap]
            if len(repeated) == overlap and repeated != known:
                self._from_the_beginning()
                raise _Broken("the fresh address leads to other bytes; from the beginning", 0)
            if rest:
                yield rest

    async def _bounded(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same, while it is neither too much nor too slow."""
        numbers = self._tools.numbers
        since, received, total = time.monotonic(), 0, self._draft.size
        async for chunk in chunks:
            received, total = received + len(chunk), total + len(chunk)
            if total > numbers.asset_bytes:
                raise _Refused(f"the asset is larger than {numbers.asset_bytes:,} bytes")
            yield chunk
            if (elapsed := time.monotonic() - since) >= numbers.slow_seconds:
                if received < numbers.slow_rate * elapsed:
                    raise _Slow(f"{received:,} bytes in {elapsed:.0f} s are too few")
                since, received = time.monotonic(), 0

    def _judged(self) -> str:
        """The extension. Raises where these bytes are no media, or not all of it."""
        if self._draft.size == 0:
            raise _Broken("the asset is empty")
        try:
            extension = deserved(self._draft, self._task, self._asset, svg=self._tools.svg)
        except NotDownloaded as page:
            self._draft.restart()
            self._part, self._draft.kept = None, False
            raise _Page(PAGE) from page
        if not self._measured:
            self._check_end(extension)
        return extension

    def _check_end(self, extension: str) -> None:
        """For what came without a length: HTTP calls it whole wherever it stops."""
        with self._draft.reading() as file:
            whole = is_whole(extension, file, self._draft.size)
        if whole is False:
            raise _Broken(f"it stops in the middle of its {extension.upper()}")
        if whole is None:
            what = f"asset {self._asset.n} of task {self._task.id}"
            self._tools.tell(Noticed(f"{what} came without a length; its end cannot be verified"))

    async def _heal(self, expired: Expired) -> None:
        """Go on at a fresh address; what has arrived stays."""
        if await self._has_fresh_address():
            return
        task = self._task.id
        raise NotDownloaded(
            f"asset {self._asset.n} of task {task} is no longer there: {expired}",
            f"`piooy download --persist {task}` asks the service to store it first",
            task_id=task,
        )

    async def _has_fresh_address(self) -> bool:
        """Whether the API has another address of the same asset; asked once for each stretch."""
        if self._healed_at == self._draft.size:
            return False
        self._healed_at = self._draft.size
        with suppress(PiooyError):
            before, self._asset = self._asset, await self._fresh(self._asset)
            return self._asset.url != before.url
        return False

    async def _pause(self, trouble: "_Broken | Fault", attempt: int) -> None:
        numbers = self._tools.numbers
        wish = trouble.pause if isinstance(trouble, _Broken) else None
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
        return not_downloaded(self._task, self._asset, reason)


def deserved(draft: Draft, task: Task, asset: Asset, *, svg: bool) -> str:
    """The extension that the bytes deserve. Raises NotDownloaded for a page, or for nothing."""
    if draft.size == 0:
        raise not_downloaded(task, asset, "it is empty")
    if extension := media.extension_of(draft.head):
        return extension
    if media.is_page(draft.head):
        raise not_downloaded(task, asset, PAGE)
    return "svg" if svg and media.is_svg(draft.head) else "bin"


def not_downloaded(task: Task, asset: Asset, reason: str) -> NotDownloaded:
    """An asset that is paid for and not here yet."""
    return NotDownloaded(
        f"asset {asset.n} of task {task.id} could not be saved: {reason}",
        f"it is paid for; `piooy download {task.id}` tries again at no charge",
        task_id=task.id,
    )


def digest(url: str) -> str:
    """Of an address without its query: a signature changes each time, the file does not."""
    parts = urlsplit(url)
    return hashlib.sha256(f"{parts.scheme}://{parts.netloc}{parts.path}".encode()).hexdigest()
