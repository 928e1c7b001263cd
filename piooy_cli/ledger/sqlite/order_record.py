"""One order in the ledger, from SENDING to its outcome."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from piooy_cli.domain.errors import Busy, PiooyError, StorageRefused, SubmissionUnknown
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import OrderState
from piooy_cli.ledger.sqlite import process_id
from piooy_cli.ledger.sqlite.group_commit import GroupCommit

Change = Callable[[], AbstractContextManager[sqlite3.Connection]]
Plan = Callable[[sqlite3.Connection], int]


class SqliteOrderRecord:
    """One order in the ledger while it is submitted. `plan` writes it the first time.

    With `commits`, a change is on disk once `flush` returns; without, as soon as it is made.
    """

    def __init__(
        self,
        change: Change,
        number: int = 0,
        plan: Plan | None = None,
        commits: GroupCommit | None = None,
    ) -> None:
        self._change = change
        self._plan = plan
        self._commits = commits
        self._accepted_as: tuple[str, int | None] | None = (
            None  # the task, and the status it came with
        )
        self.number = number
        self.is_sending = False

    @property
    def ref(self) -> str:
        """The reference to an order that has no task."""
        return f"@row:{self.number}"

    def mark_sending(self) -> None:
        """Change PLANNED to SENDING before the first byte is sent. If it raises, none is."""
        with self._change() as connection:
            number = self._plan(connection) if self._plan else self.number
            connection.execute(
                "insert into attempts (order_id, started, phase) values (?, ?, 'sending')",
                (number, time.time()),
            )
            taken = connection.execute(
                "update orders set state = 'SENDING', owner = ? where id = ? and state = 'PLANNED'",
                (process_id.this_process(), number),
            ).rowcount
            if not taken:
                raise Busy(f"@row:{number} is being sent, or was sent", "it is not sent twice")
        self.number = number
        self.is_sending = True

    async def flush(self) -> None:
        """Return once the changes are on disk. A task id that cannot be recorded is reported."""
        if self._commits is None:
            return
        try:
            await self._commits.flush()
        except (StorageRefused, Busy):
            self.is_sending = False
            if self._accepted_as is None:
                raise
            self._change = self._commits.immediate
            self.accept(*self._accepted_as)

    def mark_unsent(self, reason: str, http_status: int | None) -> None:
        """Change SENDING to PLANNED: nothing was sent, or the response was 429."""
        with self._change() as connection:
            self._attempt(connection, "not sent", reason, http_status)
            self._set_state(connection, OrderState.PLANNED)

    def reject(self, reason: str, http_status: int | None) -> None:
        """Change SENDING to REFUSED: the service rejected the order."""
        with self._change() as connection:
            self._attempt(connection, "refused", reason, http_status)
            connection.execute(
                "update orders set failure_message = ?, settled = ? where id = ?",
                (reason[:2000], time.time(), self.number),
            )
            self._set_state(connection, OrderState.REFUSED)

    def mark_unknown(self, reason: str, http_status: int | None) -> None:
        """Change SENDING to UNKNOWN: it may have arrived, and only the user can tell."""
        with self._change() as connection:
            self._attempt(connection, "unknown", reason, http_status)
            self._set_state(connection, OrderState.UNKNOWN)

    def accept(self, task_id: str, http_status: int | None) -> None:
        """Change SENDING to SUBMITTED. If the disk refuses twice, the error has the task id."""
        self._accepted_as = task_id, http_status
        for last in (False, True):
            try:
                return self._accept(task_id, http_status)
            except _Doubled:
                return self._doubled(task_id, http_status)
            except (StorageRefused, Busy) as error:
                if last:
                    raise self._unrecorded(task_id, error) from error
        return None

    def _unrecorded(self, task_id: str, error: PiooyError) -> StorageRefused:
        lost = StorageRefused(
            f"task {task_id} was accepted and could not be recorded: {error.message}",
            Hint("history resolve", (self.ref, "--adopt", task_id), "to record it later: {}"),
            task_id=task_id,
        )
        lost.stops_all = True
        return lost

    def _accept(self, task_id: str, http_status: int | None) -> None:
        with self._change() as connection:
            query = "select 1 from orders where task_id = ?"
            if connection.execute(query, (task_id,)).fetchone():
                raise _Doubled
            self._attempt(connection, "accepted", None, http_status)
            connection.execute(
                "update orders set task_id = ?, accepted = ? where id = ?",
                (task_id, time.time(), self.number),
            )
            self._set_state(connection, OrderState.SUBMITTED)

    def _doubled(self, task_id: str, http_status: int | None) -> None:
        reason = f"the service returned task {task_id}, which belongs to another order"
        self.mark_unknown(reason, http_status)
        raise SubmissionUnknown(
            reason, Hint("history show", (self.ref,), "to see what was sent: {}")
        )

    def _attempt(
        self,
        connection: sqlite3.Connection,
        phase: str,
        reason: str | None,
        http_status: int | None,
    ) -> None:
        connection.execute(
            "update attempts set phase = ?, ended = ?, reason = ?, http_status = ? where id ="
            " (select max(id) from attempts where order_id = ?)",
            (phase, time.time(), reason and reason[:2000], http_status, self.number),
        )

    def _set_state(self, connection: sqlite3.Connection, state: OrderState) -> None:
        self.is_sending = False
        connection.execute(
            "update orders set state = ?, owner = null where id = ?", (str(state), self.number)
        )


class _Doubled(Exception):
    """Return the error for a task id that another order has."""
