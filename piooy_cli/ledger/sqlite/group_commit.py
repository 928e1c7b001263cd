"""Changes to the ledger, those of the same moment in one commit: syncing a disk takes long."""

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
    """Who changes what when. A change is seen by this connection at once, on disk once `kept`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._waiting: list[Future[None]] = []
        self._is_due = False
        self.lost: Callable[[PiooyError], None] = lambda trouble: None

    @contextmanager
    def now(self) -> Iterator[sqlite3.Connection]:
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
    def soon(self) -> Iterator[sqlite3.Connection]:
        """A change that is on disk soon, and certainly once `kept` returns; as `now` off a loop."""
        loop = _running_loop()
        if loop is None:
            with self.now() as connection:
                yield connection
            return
        try:
            with self._part() as connection:
                yield connection
        finally:
            if not self._is_due:
                self._is_due = True
                loop.call_soon(self._due)

    async def kept(self) -> None:
        """Return once all changes so far are on disk. Raises StorageRefused where they are lost."""
        loop = _running_loop()
        if loop and self._connection.in_transaction:
            here = loop.create_future()
            self._waiting.append(here)
            await here

    def commit(self) -> None:
        """All changes so far, on disk. Raises StorageRefused or Busy, and so does each `kept`."""
        waiting, self._waiting = self._waiting, []
        try:
            if self._connection.in_transaction:
                self._connection.execute("commit")
        except sqlite3.Error as error:
            self._undo()
            trouble = translated(self._path, error)
            self._tell(waiting, trouble)
            raise trouble from error
        self._tell(waiting, None)

    def _due(self) -> None:
        self._is_due = False
        with suppress(PiooyError):  # told to whoever waits
            self.commit()

    @contextmanager
    def _part(self) -> Iterator[sqlite3.Connection]:
        """One change, whole or not at all, whatever becomes of others of the same moment."""
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
        """Of a full disk SQLite takes back the whole moment, and everybody has to know."""
        if self._connection.in_transaction:
            self._connection.execute("rollback to one")
            self._connection.execute("release one")
            return
        waiting, self._waiting = self._waiting, []
        if isinstance(error, sqlite3.Error) and waiting:
            self._tell(waiting, translated(self._path, error))

    def _tell(self, waiting: list["Future[None]"], trouble: PiooyError | None) -> None:
        for one in waiting:
            if one.done():
                continue
            if trouble is None:
                one.set_result(None)
            else:
                one.set_exception(trouble)
        if trouble and not waiting:
            self.lost(trouble)

    def _undo(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("rollback")


def _running_loop() -> "AbstractEventLoop | None":
    """The loop that this runs in. Most commands have none, and need not load asyncio to know."""
    if "asyncio" not in sys.modules:
        return None
    from asyncio import get_running_loop

    try:
        return get_running_loop()
    except RuntimeError:
        return None
