"""Writing lines: a closed pipe ends the run quietly, a full disk is said, the key never passes."""

import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from piooy_cli.domain.errors import Interrupted, StorageRefused
from piooy_cli.domain.redaction import redact

_SIGPIPE = int(getattr(signal, "SIGPIPE", 13))


class LineStream:
    """A stream that takes whole lines, each flushed at once: the next command is waiting."""

    def __init__(self, stream: Any, secrets: Sequence[str]) -> None:
        self._stream = stream
        self._secrets = secrets

    def write(self, text: str) -> None:
        """One line of results. Raises Interrupted (141) or StorageRefused."""
        if self._stream is None:
            return
        try:
            self._put(redact(text, self._secrets))
        except BrokenPipeError:
            raise Interrupted("the reader has gone", signal=_SIGPIPE) from None
        except OSError as error:
            raise _unwritten(error, f" {text[:200]!r}") from None

    def copy(self, path: str) -> None:
        """The bytes of a file. Raises as `write` does."""
        if self._stream is None:
            return
        try:
            with open(path, "rb") as file:
                shutil.copyfileobj(file, self._stream.buffer)
            self._stream.flush()
        except BrokenPipeError:
            raise Interrupted("the reader has gone", signal=_SIGPIPE) from None
        except OSError as error:
            raise _unwritten(error) from None

    def write_anyway(self, text: str) -> None:
        """One line for a person; where it cannot be shown, the work goes on."""
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
    """UTF-8, whatever the locale; a path's undecodable bytes come out as they went in."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")
