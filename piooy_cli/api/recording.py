"""`--record`: requests and responses as lines of JSON, without the key."""

import base64
import os
import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from piooy_cli.domain.errors import StorageRefused
from piooy_cli.domain.escaping import spaced_json
from piooy_cli.domain.redaction import redact_bytes
from piooy_cli.files.writing import open_append, private_directory

_KEPT = ("content-type", "etag", "retry-after", "accept-ranges", "content-range", "last-modified")
_BIGGEST = 64 << 20  # of an asset; a larger one is noted without its bytes


class Recorder:
    """Appends exchanges to a file that only this user can read. Raises StorageRefused."""

    def __init__(self, path: Path, secrets: Sequence[str]) -> None:
        self._path = path
        self._secrets = secrets
        private_directory(path.absolute().parent)
        self._write("")

    def exchange(
        self, method: str, url: str, request: bytes | None, status: int,
        headers: Mapping[str, str], body: bytes,
    ) -> None:  # fmt: skip
        """Record one request and its response."""
        line = {
            "method": method, "url": self._recorded(url.encode()),
            "request": None if request is None else self._recorded(request),
            "status": status, "headers": {name: headers[name] for name in _KEPT if name in headers},
            "body": self._recorded(body),
        }  # fmt: skip
        self._write(spaced_json(line) + "\n")

    async def passing(
        self, url: str, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Pass an asset's chunks on, and record them at the end, complete or truncated."""
        kept = bytearray()
        try:
            async for chunk in chunks:
                if len(kept) <= _BIGGEST:
                    kept += chunk
                yield chunk
        finally:
            body = bytes(kept) if len(kept) <= _BIGGEST else b""
            self.exchange("GET", url, None, status, headers, body)

    def _write(self, text: str) -> None:
        """Append a line to the file, which is created readable by this user only."""
        try:
            handle = open_append(self._path)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                if stat.S_ISREG(os.fstat(handle).st_mode) and hasattr(os, "fchmod"):
                    os.fchmod(handle, 0o600)  # also where it was there before
                file.write(text)
        except OSError as error:
            raise StorageRefused(f"--record {self._path}: {error.strerror}") from None

    def _recorded(self, body: bytes) -> Any:
        """Return text as it is, other bytes in base64; the key is removed before encoding."""
        body = redact_bytes(body, self._secrets)
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(body).decode()}
