"""Writing lines: a closed pipe ends the run quietly, a full disk is reported, the key removed."""

import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from piooy_cli.domain.errors import Interrupted, StorageRefused
from piooy_cli.domain.redaction import redact

_SIGPIPE = int(getattr(signal, "SIGPIPE", 13))


class LineStream:
    """A stream for whole lines, each flushed at once for the next command."""

    def __init__(self, stream: Any, secrets: Sequence[str]) -> None:
        self._stream = stream
        self._secrets = secrets

    def write(self, text: str) -> None:
        """Write a line of results. Raises Interrupted (141) or StorageRefused."""
        if self._stream is None:
            return
        try:
            self._put(redact(text, self._secrets))
        except BrokenPipeError:
            raise Interrupted("the reader closed the pipe", signal=_SIGPIPE) from None
        except OSError as error:
            raise _unwritten(error, f" {text[:200]!r}") from None

    def copy(self, path: str) -> None:
        """Write the bytes of a file. Raises like `write`."""
        if self._stream is None:
            return
        try:
            with open(path, "rb") as file:
                shutil.copyfileobj(file, self._stream.buffer)
            self._stream.flush()
        except BrokenPipeError:
            raise Interrupted("the reader closed the pipe", signal=_SIGPIPE) from None
        except OSError as error:
            raise _unwritten(error) from None

    def write_anyway(self, text: str) -> None:
        """Write a line for people; if that fails, the work continues."""
        with suppress(OSError, ValueError):
            if self._stream is not None:
                self._put(redact(text, self._secrets))

    def _put(self, text: str) -> None:
        buffer = getattr(self._stream, "buffer", None)
        if buffer is None:
            self._stream.write(text + "\n")
        else:
            self._stream.flush()
            buffer.write(_encoded(text) + b"\n")
        self._stream.flush()


def _unwritten(error: OSError, result: str = "") -> StorageRefused:
    refused = StorageRefused(f"cannot write the result{result}: {error.strerror}")
    refused.stops_all = True
    return refused


def _encoded(text: str) -> bytes:
    """Encode as UTF-8, whatever the locale; undecodable bytes of paths are kept."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")
