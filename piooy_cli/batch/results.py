"""`results.jsonl`: a line for each row as it ends; always whole lines, even with other writers."""

import json
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from piooy_cli.batch.rows import BatchRow
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.escaping import json_text
from piooy_cli.domain.models import SavedFile, Task
from piooy_cli.domain.records import task_record
from piooy_cli.files.errors import disk_errors
from piooy_cli.files.locks import lock, unlock
from piooy_cli.files.reading import read_at
from piooy_cli.files.writing import open_append

_PIECE = 1 << 20
_BEGINNING = b'{"batch":"'  # of each line


class ResultsFile:
    """The results file of a batch, which other batches may share.

    A pipe or a device (`is_stream`) is written as it is: nothing in it is known afterwards.
    """

    def __init__(self, path: Path, batch: str) -> None:
        self.path = path
        self._batch = batch
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = open_append(path)
        self.is_stream = not stat.S_ISREG(os.fstat(self._handle).st_mode)
        if not self.is_stream:
            with self._alone():
                self._check()
                self._mend()

    @property
    def end(self) -> int:
        """Its size in bytes."""
        return os.fstat(self._handle).st_size

    def append(self, record: dict[str, Any]) -> int:
        """Append a whole line, or nothing; return where it ends. Raises StorageRefused."""
        line = json_text({"batch": self._batch, **record}).encode() + b"\n"
        with disk_errors(self.path):
            if self.is_stream:
                _written(self._handle, line)
                return 0
        with disk_errors(self.path), self._alone():
            begin = self.end
            try:
                _written(self._handle, line)
            except OSError:
                os.ftruncate(self._handle, begin)
                raise
            return begin + len(line)

    @property
    def identity(self) -> str:
        """The identity of the file: by the next run another one may have its name."""
        status = os.fstat(self._handle)
        return f"{self.path} {status.st_dev}:{status.st_ino}"

    def since(self, begin: int) -> Iterator[tuple[str, str, str | None, int]]:
        """Yield row, status and task of this batch's lines after `begin`, and where each ends."""
        with disk_errors(self.path), self.path.open("rb") as file:
            file.seek(begin)
            for line in file:
                begin += len(line)
                with suppress(ValueError, KeyError, TypeError):
                    record = json.loads(line)
                    if record["batch"] == self._batch:
                        yield str(record["row"]), str(record["status"]), record["id"], begin

    def close(self) -> None:
        """Done."""
        os.close(self._handle)

    def _check(self) -> None:
        """Raise UsageError if the first or a last line is of something else than a batch."""
        end = self._line_before(self.end)
        for begin in (0, self._line_before(max(end - 1, 0)), end):
            if not _BEGINNING.startswith(read_at(self._handle, len(_BEGINNING), begin)):
                os.close(self._handle)
                raise UsageError(
                    f"{self.path} contains other lines than the results of a batch; nothing was"
                    " sent",
                    "choose another file with --results",
                )

    def _mend(self) -> None:
        """Remove a last line that a crash has truncated, or add the newline that it lacks."""
        begin, end = self._line_before(self.end), self.end
        if begin == end:
            return
        try:
            json.loads(read_at(self._handle, end - begin, begin))
        except ValueError:
            os.ftruncate(self._handle, begin)
        else:
            os.write(self._handle, b"\n")

    def _line_before(self, end: int) -> int:
        """Return where the line begins that reaches to `end`."""
        while end and (piece := read_at(self._handle, min(_PIECE, end), max(end - _PIECE, 0))):
            begin = end - len(piece)
            if newline := piece.rfind(b"\n") + 1:
                return begin + newline
            end = begin
        return end

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock the file, since other batches may write to it."""
        with suppress(OSError):  # where there are no locks, O_APPEND has to do
            lock(self._handle, wait=True)
        try:
            yield
        finally:
            with suppress(OSError):
                unlock(self._handle)


def _written(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def row_record(row: BatchRow, task: Task, files: Sequence[SavedFile]) -> dict[str, Any]:
    """Return a row's line in the results: its place, and the record of its task."""
    place: dict[str, Any] = {"row": row.key, "line": row.line or None}
    if row.name:
        place["node"] = row.name
    if row.cell:
        place["cell"] = list(row.cell)
    return place | task_record(task, files)
