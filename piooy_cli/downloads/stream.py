"""Receiving the bytes of one asset: never mixed with others, never too many, never too slow."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from piooy_cli.api.asset_client import AssetResponse
from piooy_cli.api.client import ApiClient
from piooy_cli.api.exceptions import AddressExpired, RequestFailed
from piooy_cli.concurrency.backoff import PauseGate, retry_after
from piooy_cli.concurrency.limits import Limits
from piooy_cli.config.urls import PUBLIC_ONLY, AssetHosts
from piooy_cli.domain.events import Saving, Tell
from piooy_cli.domain.models import Asset, ResumeInfo, Task
from piooy_cli.downloads.part_file import PartFile
from piooy_cli.downloads.publish import check_free_space
from piooy_cli.ledger.store import ResumeStore

_EXPIRED = frozenset({202, 204, 401, 403, 404, 410})  # or not there yet
_WHOLE = frozenset({200, 201, 203})  # 203: a proxy on the way has changed something
_PASSING = frozenset({408, 409, 425, 429})
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_LARGE = 1 << 20  # bytes from which on a thread writes
_OVERLAP = 4096  # bytes that an address other than the first has to repeat before it is believed


class DownloadContext(NamedTuple):
    """What every transfer of a run uses. `gate` of a host: closed for all by one Retry-After."""

    api: ApiClient
    limits: Limits
    tell: Tell
    resume_store: ResumeStore | None
    gate: Callable[[str], PauseGate]
    hosts: AssetHosts = PUBLIC_ONLY


class TransferBroken(Exception):
    """The transfer failed in a way that a retry may fix. `pause`: what the server asked for."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause


class TransferTooSlow(TransferBroken):
    """Bytes arrive, but too slowly to count as progress."""


class AssetRefused(RequestFailed):
    """No retry can succeed for this asset."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, final=True)


class PageInsteadOfMedia(AssetRefused):
    """An error page with status 200, as some hosts send it for an expired URL."""


class AssetStream:
    """Fills a part file from one URL after another. `has_known_length`: a length was announced."""

    def __init__(
        self, context: DownloadContext, task: Task, asset: Asset, part_file: PartFile
    ) -> None:
        self._context = context
        self._task = task
        self._asset = asset
        self._part_file = part_file
        self._resume_info: ResumeInfo | None = None
        self._ranges = True  # until an answer to one cannot be believed
        self._is_stored = False
        self.has_known_length = True

    async def resume(self) -> None:
        """Resume an earlier run's part file if its bytes are surely of this asset."""
        store = self._context.resume_store
        known = store.resume_info(self._task.id, self._asset.n) if store else None
        self._is_stored = known is not None
        if known and known.path == str(self._part_file.path.absolute()):
            await asyncio.to_thread(self._part_file.take_up)
            if 0 < self._part_file.size <= known.length:
                self._resume_info, self._part_file.kept = known, True
                return
        self._empty()

    def is_there(self) -> bool:
        """Whether all bytes had arrived before this run."""
        return self._resume_info is not None and self._part_file.size == self._resume_info.length

    async def receive(self, asset: Asset) -> None:
        """Receive the bytes from the asset's present URL.

        Raises AddressExpired, TransferBroken or RequestFailed.
        """
        self._asset = asset
        headers, overlap = self._asking()
        async with self._context.api.open_asset(
            self._asset.url, headers, self._context.hosts
        ) as arriving:
            total = self._begun(arriving, bool(headers), overlap)
            chunks = self._bounded(self._after(overlap, arriving.chunks))
            async for size in self._written(chunks, large=total is None or total >= _LARGE):
                self._context.tell(Saving(self._task, self._asset, size, total))
            if total is not None and self._part_file.size != total:
                raise TransferBroken(f"{self._part_file.size:,} of {total:,} bytes arrived")
            self.has_known_length = total is not None

    async def _written(self, chunks: AsyncIterator[bytes], *, large: bool) -> AsyncIterator[int]:
        """Yield the size after each write.

        Large files are written in a thread: disk and hash are slow, and the next bytes can arrive
        meanwhile.
        """
        part_file, writing = self._part_file, None
        loop = asyncio.get_running_loop()
        try:
            async for chunk in chunks:
                if writing:
                    await asyncio.shield(writing)
                    writing = None
                if not large:
                    part_file.write(chunk)
                else:
                    writing = loop.run_in_executor(None, part_file.write, chunk)
                yield part_file.size
            if writing:
                await asyncio.shield(writing)
        finally:
            if writing:  # it writes into a file that is about to be closed
                await asyncio.wait({writing})

    def _asking(self) -> tuple[dict[str, str], int]:
        """Return the headers of a range request, and how many known bytes it asks for again."""
        if not (self._resume_info and self._part_file.size and self._ranges):
            return {}, 0
        same = self._resume_info.address == address_digest(self._asset.url)
        overlap = 0 if same else min(_OVERLAP, self._part_file.size)
        start = self._part_file.size - overlap
        return {"range": f"bytes={start}-", "if-range": self._resume_info.etag}, overlap

    def _begun(self, arriving: AssetResponse, ranged: bool, overlap: int) -> int | None:
        """Return the length of the whole file. Raises if the response is not the asset."""
        status, headers = arriving.status, arriving.headers
        if status in _EXPIRED:
            raise AddressExpired(f"HTTP {status}")
        if status in _PASSING or status >= 500:
            raise TransferBroken(f"HTTP {status}", retry_after(headers))
        if ranged and (status in (206, 416) or "content-range" in headers):
            return self._continued(arriving, overlap)
        if status not in _WHOLE or "content-range" in headers:
            raise AssetRefused(f"the asset's server answered HTTP {status}")
        return self._restarted(arriving)

    def _continued(self, arriving: AssetResponse, overlap: int) -> int:
        """Return the length if this is the rest of the same file; else start from the beginning."""
        assert self._resume_info is not None
        found = _RANGE.fullmatch(arriving.headers.get("content-range", ""))
        etag = arriving.headers.get("etag", self._resume_info.etag)
        wanted = (
            self._part_file.size - overlap,
            self._resume_info.length - 1,
            self._resume_info.length,
        )
        if arriving.status == 206 and found and etag == self._resume_info.etag:
            first, last, length = map(int, found.groups())
            if (first, last, length) == wanted:
                return length
        self.from_the_beginning()
        raise TransferBroken(
            f"HTTP {arriving.status} is not the rest of the file; starting from the beginning", 0
        )

    def from_the_beginning(self) -> None:
        """Discard what has arrived; no range is requested again."""
        self._ranges = False
        self._empty()

    def _empty(self) -> None:
        """Discard the bytes; the ledger first, so that no later run mixes them with others."""
        self._resume_info, self._part_file.kept = None, False
        if self._is_stored and self._context.resume_store:
            self._context.resume_store.delete_resume_info(self._task.id, self._asset.n)
            self._is_stored = False
        self._part_file.restart()

    def _restarted(self, arriving: AssetResponse) -> int | None:
        """Start from the beginning; return the announced length."""
        self._empty()
        text = arriving.headers.get("content-length", "")
        total = int(text) if _LENGTH.fullmatch(text) else None
        most = self._context.limits.asset_bytes
        if total is not None and total > most:
            raise AssetRefused(f"the asset has {total:,} bytes; the limit is {most:,}")
        check_free_space(self._part_file.path.parent, total or 0)
        etag = arriving.headers.get("etag", "")
        if total and etag.startswith('"') and self._ranges:
            path = str(self._part_file.path.absolute())
            self._resume_info = ResumeInfo(path, address_digest(self._asset.url), etag, total)
            store = self._context.resume_store
            if store and total >= self._context.limits.asset_kept:
                store.save_resume_info(self._task.id, self._asset.n, self._resume_info)
                self._part_file.kept = self._is_stored = True
        return total

    async def _after(self, overlap: int, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the new bytes, once the known ones were repeated unchanged."""
        known, repeated = self._part_file.tail(overlap) if overlap else b"", b""
        async for chunk in chunks:
            if len(repeated) == overlap:
                yield chunk
                continue
            repeated += chunk
            rest, repeated = repeated[overlap:], repeated[:overlap]
            if len(repeated) == overlap and repeated != known:
                self.from_the_beginning()
                raise TransferBroken(
                    "the new URL leads to other bytes; starting from the beginning", 0
                )
            if rest:
                yield rest

    async def _bounded(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the chunks while they are neither too many nor too slow."""
        limits = self._context.limits
        since, received, total = time.monotonic(), 0, self._part_file.size
        async for chunk in chunks:
            received, total = received + len(chunk), total + len(chunk)
            if total > limits.asset_bytes:
                raise AssetRefused(f"the asset is larger than {limits.asset_bytes:,} bytes")
            yield chunk
            if (elapsed := time.monotonic() - since) >= limits.slow_seconds:
                if received < limits.slow_rate * elapsed:
                    raise TransferTooSlow(f"{received:,} bytes in {elapsed:.0f} s is too slow")
                since, received = time.monotonic(), 0


def address_digest(url: str) -> str:
    """Return a digest of a URL without its query: the signature changes, the file does not."""
    parts = urlsplit(url)
    return hashlib.sha256(f"{parts.scheme}://{parts.netloc}{parts.path}".encode()).hexdigest()
