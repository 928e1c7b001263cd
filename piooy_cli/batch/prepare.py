"""Preparing a batch: it is locked, its rows are checked and stored, earlier runs are inherited."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, Protocol

from piooy_cli import __version__
from piooy_cli.batch.lock import BatchLock
from piooy_cli.batch.manifest_lines import BadLine
from piooy_cli.batch.row_store import RowStore
from piooy_cli.batch.rows import BatchRow
from piooy_cli.batch.sent_mark import SentMark
from piooy_cli.domain.errors import UsageError
from piooy_cli.domain.events import Failed, Tell
from piooy_cli.domain.records import stored_json
from piooy_cli.files.writing import private_directory

_SHOWN = 20
_A_DAY = 86400  # seconds


class EmptyManifest(UsageError):
    """A manifest without rows."""


class RowSource(Protocol):
    """A source of rows. `digest` identifies them, before or after they are read."""

    label: str
    is_known: bool  # whether name and digest are there before it is read

    def name(self) -> str:
        """The batch's name."""

    def digest(self) -> str:
        """Equal digests mean equal rows."""

    def rows(self) -> Iterator[BatchRow | BadLine]:
        """Yield all rows, once."""


class Batch(NamedTuple):
    """A batch. `is_new`: its rows were read in this run, and may differ from those sent."""

    name: str
    row_store: RowStore
    is_new: bool
    sent_mark: SentMark


class BatchPreparer(NamedTuple):
    """Prepares batches. `settings`: those that shape requests, beside the rows themselves."""

    directory: Path  # of all batches of this account
    settings: Mapping[str, Any]
    lock_wait: float
    tell: Tell
    keep: bool = True  # False: look, and leave no trace

    @contextmanager
    def batch(self, source: RowSource, check: Callable[[Batch], None]) -> Iterator[Batch]:
        """Lock and open the batch. `check` may refuse a new one. Raises Busy or UsageError."""
        private_directory(self.directory)
        _sweep_up(self.directory)
        draft = None if source.is_known else self._filled(source)
        try:
            name = source.name()
            with BatchLock(self._path(name, "lock"), f"the batch {name}", self.lock_wait):
                batch = self._known(name, source)
                if batch is None:
                    draft = draft or self._filled(source)
                    batch = self._kept(name, draft, source, check)
                try:
                    yield batch
                finally:
                    batch.row_store.close()
                    batch.sent_mark.close()
        finally:
            if draft:
                draft.discard()

    def _known(self, name: str, source: RowSource) -> Batch | None:
        """Open what an earlier run stored, if everything that shapes its rows is the same."""
        path = self._path(name, "sqlite3")
        if not path.exists():
            return None
        row_store = RowStore.sound(path)
        if row_store and row_store.get_fact("fingerprint") == self._fingerprint(source):
            return Batch(name, row_store, False, self._sent_mark(name))
        if row_store:
            row_store.close()
        return None

    def _filled(self, source: RowSource) -> RowStore:
        row_store = RowStore.create(self.directory / f"draft.{token_hex(8)}")
        try:
            bad, count = row_store.fill(source.rows(), _SHOWN)
            if count:
                raise self._refused(bad, count, source)
            if not row_store.count():
                raise EmptyManifest(
                    f"{source.label} has no rows",
                    "a manifest is JSON Lines, CSV or one prompt per line",
                )
        except BaseException:
            row_store.discard()
            raise
        return row_store

    def _kept(
        self, name: str, draft: RowStore, source: RowSource, check: Callable[[Batch], None]
    ) -> Batch:
        draft.set_facts(fingerprint=self._fingerprint(source), name=name)
        draft.inherit(self._path(name, "sqlite3"))
        mark = self._sent_mark(name)
        check(Batch(name, draft, True, mark))
        if not self.keep:
            return Batch(name, draft, True, mark)
        return Batch(name, draft.publish(self._path(name, "sqlite3")), True, mark)

    def _refused(self, bad: list[BadLine], count: int, source: RowSource) -> UsageError:
        """Report the first twenty bad lines; return the error that refuses the manifest."""
        for line in bad:
            self.tell(Failed(UsageError(f"{source.label}, line {line.line}: {line.reason}")))
        lines = "line is" if count == 1 else "lines are"
        shown = f"; the first {len(bad)} are above" if count > len(bad) else ""
        stopped = "; nothing after the last one was read" if bad[-1].ends else ""
        message = f"{source.label}: {count:,} {lines} bad{shown}{stopped}; nothing was sent"
        return UsageError(message, "fix the manifest and run the same command again")

    def _fingerprint(self, source: RowSource) -> str:
        decides = [source.digest(), __version__, dict(self.settings)]
        return hashlib.sha256(stored_json(decides).encode("utf-8", "replace")).hexdigest()

    def _sent_mark(self, name: str) -> SentMark:
        return SentMark(self._path(name, "sent"))

    def _path(self, name: str, ending: str) -> Path:
        return self.directory / f"{name}.{ending}"


def _sweep_up(directory: Path) -> None:
    """Remove drafts that were not written to for a day: their processes were killed."""
    for path in directory.glob("draft.*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _A_DAY:
                path.unlink()
