"""Reading text from files and stdin, exactly as it is, and checked."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.text import LONGEST_PROMPT, parse_json
from piooy_cli.files.reading import expanded
from piooy_cli.output.streams import is_terminal


def read_text(source: str, what: str, most: int = LONGEST_PROMPT) -> str:
    """Read a file, or stdin for `-`, without one trailing newline. Raises UsageError."""
    data = _stdin(what, most) if source == "-" else _file(Path(source), what, most)
    if len(data) > most:
        raise UsageError(f"the {what} has more than {most:,} bytes", f"the limit is {most:,}")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"the {what} is UTF-16", "save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")  # editors write a mark, which no one means
    except UnicodeDecodeError as error:
        raise UsageError(f"the {what} is not UTF-8 text: byte {error.start}") from None
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")


def read_json_object(source: str, what: str) -> dict[str, Any]:
    """Read the JSON object in a file, or on stdin for `-`."""
    text = read_text(source, what, 16 << 20)
    try:
        value = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what}: no JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f'{what} must be a JSON object, such as {{"seed": 7}}')
    return value


def read_chunks(stream: Any) -> Iterator[bytes]:
    """Read a stream without Python's buffer, whose lock would block the exit."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        yield stream.buffer.read()
        return
    while chunk := os.read(descriptor, 65536):
        yield chunk


def _stdin(what: str, most: int) -> bytes:
    if sys.stdin is None or is_terminal(sys.stdin):
        raise UsageError(f"no {what}", f"give the {what} as an argument, or pipe it in")
    data = b""
    for chunk in read_chunks(sys.stdin):
        data += chunk
        if len(data) > most + 2:
            break
    return data


def _file(path: Path, what: str, most: int) -> bytes:
    try:
        with expanded(path).open("rb") as file:
            return file.read(most + 3)
    except FileNotFoundError:
        raise NotFound(f"no such file: {path}", f"the {what} was to be read from it") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
