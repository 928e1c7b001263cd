"""Streams: what each can do, and writing lines to it, without escapes from outside or the key."""

import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from piooy_cli.domain.errors import Interrupted, StorageRefused
from piooy_cli.domain.escaping import escape, escape_name
from piooy_cli.domain.redaction import redact

_SIGPIPE = int(getattr(signal, "SIGPIPE", 13))


class LineStream:
    """A stream for whole lines, each flushed at once for the next command.

    All that is printed comes through here, except what rich draws. Hostile characters become
    escapes, whether the stream is a terminal or not.
    """

    def __init__(self, stream: Any, secrets: Sequence[str]) -> None:
        self._stream = stream
        self._secrets = secrets

    def write(self, text: str) -> None:
        """Write a line of results. Raises Interrupted (141) or StorageRefused."""
        self.write_styled(escape(text))

    def write_value(self, text: str) -> None:
        """Write one line that scripts use as it is, such as the path of a file. Raises likewise."""
        self.write_styled(escape_name(text))

    def write_styled(self, text: str) -> None:
        """Write text with colors or links of our own: all else in it is escaped already."""
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

    def write_anyway(self, text: str, before: str = "") -> None:
        """Write a line for people; if that fails, the work continues. `before`: our own words."""
        with suppress(OSError, ValueError):
            if self._stream is not None:
                self._put(before + redact(escape(text), self._secrets))

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


def wants_color(stream: Any, environ: Mapping[str, str], choice: str = "auto") -> bool:
    """Whether to use color: by option, NO_COLOR, the forcing variables, then the terminal."""
    if choice in ("always", "never"):
        return choice == "always"
    if environ.get("NO_COLOR") or environ.get("PIOOY_NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR") or environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    if environ.get("CLICOLOR") == "0" or is_dumb(environ):
        return False
    return is_terminal(stream)


def wants_links(stream: Any, environ: Mapping[str, str], choice: str = "auto") -> bool:
    """Whether to print file names as links: on a terminal, unless disabled."""
    if choice in ("always", "never"):
        return choice == "always"
    plain = environ.get("NO_HYPERLINKS") or is_dumb(environ) or environ.get("TERM") == "linux"
    return not plain and is_terminal(stream)


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal cannot move its cursor; one without a name counts as dumb."""
    return environ.get("TERM", "dumb") in ("dumb", "unknown", "")


def is_terminal(stream: Any) -> bool:
    """Whether `stream` is a terminal. A closed stream is None in Python."""
    return stream is not None and not stream.closed and bool(stream.isatty())
