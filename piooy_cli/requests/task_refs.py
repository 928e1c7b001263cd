"""Reading task ids from arguments, or from stdin line by line before its end."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from piooy_cli.domain.errors import PiooyError, UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import check_task_id
from piooy_cli.output.streams import is_terminal
from piooy_cli.requests.text_input import read_chunks

_LONGEST_LINE = 1 << 20


Resolve = Callable[[str], list[str]]


async def task_ids(
    refs: list[str] | None, command: str, resolve: Resolve
) -> AsyncIterator[str | PiooyError]:
    """Yield task ids, each once: the resolved arguments, or the lines of stdin as they arrive.

    A line that is not a task is yielded as an error: it alone fails.
    """
    given = refs or []
    if "-" in given and len(given) > 1:
        raise UsageError(
            "`-` (stdin) cannot be combined with other ids",
            "give ids as arguments, or pipe them in",
        )
    if given and given != ["-"]:
        for task_id in dict.fromkeys(one for ref in given for one in resolve(_plain(ref))):
            yield task_id
        return
    if is_terminal(sys.stdin) or sys.stdin is None:
        hint = Hint(
            command,
            sentence="give ids as arguments, or one per line on stdin: {}",
            usage="< ids.txt",
        )
        raise UsageError("no task id was given", hint)
    seen: set[str] = set()
    async for line in _lines():
        if ref := _id_in(line):
            for one in _each(ref, resolve):
                if isinstance(one, PiooyError) or one not in seen:
                    seen.add(str(one))
                    yield one
    if not seen:
        why = "the command before this one may have failed"
        raise UsageError("no task id was given: stdin was empty", why)


def _each(ref: str, resolve: Resolve) -> list[str] | list[PiooyError]:
    try:
        return resolve(_plain(ref))
    except PiooyError as error:
        return [error]


def _plain(ref: str) -> str:
    """Return a reference as it is; check that anything else can be a task id."""
    return ref if ref.startswith("@") else check_task_id(ref)


def _id_in(line: bytes) -> str | None:
    """Return the id in a line of stdin: plain, tab-separated, or in a record of `--json`."""
    text = line.decode("utf-8-sig", "replace").strip()
    if not text or text.startswith("#"):
        return None
    if text.startswith("{"):
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):
            record = {}
        text = str(record.get("id") or record.get("ref") or text)
    return text.split("\t")[0]


async def _lines() -> AsyncIterator[bytes]:
    """Yield the lines of stdin as they arrive. A thread reads: not every stdin can be polled."""
    queue: asyncio.Queue[list[bytes] | PiooyError | None] = asyncio.Queue(4)
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            for lines in _split(read_chunks(sys.stdin)):
                asyncio.run_coroutine_threadsafe(queue.put(lines), loop).result()
            last: PiooyError | None = None
        except PiooyError as error:
            last = error
        except (RuntimeError, OSError):
            return
        asyncio.run_coroutine_threadsafe(queue.put(last), loop)

    # Left behind where nobody closes stdin; it holds no lock that the exit would wait for.
    threading.Thread(target=read, daemon=True).start()
    while (lines := await queue.get()) is not None:
        if isinstance(lines, PiooyError):
            raise lines
        for line in lines:
            yield line


def _split(chunks: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield the whole lines of each chunk as soon as it is read."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield whole
        if len(rest) > _LONGEST_LINE:
            raise UsageError("a line on stdin is longer than 1 MiB", "give task ids, one per line")
    if rest:
        yield [rest]
