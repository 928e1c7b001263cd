"""Group commits: changes made at the same moment share one commit, since a sync takes long."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from piooy_cli.domain.errors import PiooyError
from piooy_cli.ledger.sqlite.schema import translated

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future


class GroupCommit:
    """Changes of one connection, visible to it at once, on disk once `flush` returns."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._waiting: list[Future[None]] = []
        self._is_due = False
        self.on_failed: Callable[[PiooyError], None] = lambda trouble: None

    @contextmanager
    def immediate(self) -> Iterator[sqlite3.Connection]:
        """A change that is on disk when it ends. Raises StorageRefused or Busy."""
        try:
            with self._part() as connection:
                yield connection
        except BaseException:
            with suppress(PiooyError):
                self.commit()
            raise
        self.commit()

    @contextmanager
    def deferred(self) -> Iterator[sqlite3.Connection]:
        """A change that is on disk once `flush` returns; as `immediate` where no loop runs."""
        loop = _running_loop()
        if loop is None:
            with self.immediate() as connection:
                yield connection
            return
        try:
            with self._part() as connection:
                yield connection
        finally:
            if not self._is_due:
                self._is_due = True
                loop.call_soon(self._due)

    async def flush(self) -> None:
        """Return once all changes so far are on disk. Raises StorageRefused if they are lost."""
        loop = _running_loop()
        if loop and self._connection.in_transaction:
            here = loop.create_future()
            self._waiting.append(here)
            await here

    def commit(self) -> None:
        """Commit all changes so far. Raises StorageRefused or Busy, and so does each `flush`."""
        waiting, self._waiting = self._waiting, []
        try:
            if self._connection.in_transaction:
                self._connection.execute("commit")
        except sqlite3.Error as error:
            self._undo()
            trouble = translated(self._path, error)
            self._resolve(waiting, trouble)
            raise trouble from error
        self._resolve(waiting, None)

    def _due(self) -> None:
        self._is_due = False
        with suppress(PiooyError):  # reported to those who wait
            self.commit()

    @contextmanager
    def _part(self) -> Iterator[sqlite3.Connection]:
        """Make one change as a whole, whatever becomes of others in the same commit."""
        connection = self._connection
        try:
            if not connection.in_transaction:
                connection.execute("begin immediate")
            connection.execute("savepoint one")
            try:
                yield connection
                connection.execute("release one")
            except BaseException as error:
                self._take_back(error)
                raise
        except sqlite3.Error as error:
            raise translated(self._path, error) from error

    def _take_back(self, error: BaseException) -> None:
        """Fail everyone who waits: on a full disk SQLite rolls back all changes."""
        if self._connection.in_transaction:
            self._connection.execute("rollback to one")
            self._connection.execute("release one")
            return
        waiting, self._waiting = self._waiting, []
        if isinstance(error, sqlite3.Error) and waiting:
            self._resolve(waiting, translated(self._path, error))

    def _resolve(self, waiting: list["Future[None]"], trouble: PiooyError | None) -> None:
        for one in waiting:
            if one.done():
                continue
            if trouble is None:
                one.set_result(None)
            else:
                one.set_exception(trouble)
        if trouble and not waiting:
            self.on_failed(trouble)

    def _undo(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("rollback")


def _running_loop() -> "AbstractEventLoop | None":
    """The event loop, if one runs. Most commands have none and need not import asyncio for it."""
    if "asyncio" not in sys.modules:
        return None
    from asyncio import get_running_loop

    try:
        return get_running_loop()
    except RuntimeError:
        return None
