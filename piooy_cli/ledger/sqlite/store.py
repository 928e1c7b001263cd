"""The ledger: every order on disk before its first byte leaves, and what became of it."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from weakref import finalize

from piooy_cli.domain.errors import Busy, PiooyError, StorageRefused
from piooy_cli.domain.models import Order, ResumeInfo, RowKey, SavedFile, Task
from piooy_cli.ledger.sqlite import mapping, process_id
from piooy_cli.ledger.sqlite.group_commit import GroupCommit
from piooy_cli.ledger.sqlite.order_record import OrderRecord
from piooy_cli.ledger.sqlite.schema import opened, translated
from piooy_cli.ledger.sqlite.spending_limits import SpendingLimits

LEDGER_FILE = "ledger.sqlite3"
_RUNS = 30  # what is older may be of other machines behind the service
# All but the body, which may hold whole pictures.
COLUMNS = (
    "id, account, state, status, created, settled, media, scene, provider, model, prompt, options,"
    " digest, task_id, failure_code, failure_message, owner, accepted, took, size"
)


_OF = "n = ? and order_id = (select id from orders where task_id = ?)"


class Ledger:
    """The orders and tasks of one account. Opened, it first looks for senders that died."""

    def __init__(
        self,
        state: Path,
        account: str,
        *,
        keeps_prompts: bool = True,
        caps: SpendingLimits | None = None,
    ) -> None:
        self.path = state / LEDGER_FILE
        self.account = account
        self.caps = caps or SpendingLimits()
        self._keeps_prompts = keeps_prompts
        self.connection = opened(self.path)
        self.commits = GroupCommit(self.connection, self.path)
        finalize(self.commits, self.connection.close)  # whoever changes something may outlive us
        self._bury_the_dead()

    def change(self) -> AbstractContextManager[sqlite3.Connection]:
        """A change that is on disk when it ends. Raises StorageRefused or Busy."""
        return self.commits.now()

    def when_lost(self, told: Callable[[PiooyError], None]) -> None:
        """Call `told` where changes are lost that nobody waits for."""
        self.commits.lost = told

    async def kept(self) -> None:
        """Return once all changes so far are on disk. Raises StorageRefused or Busy."""
        await self.commits.kept()

    def close_moment(self) -> None:
        """Nothing is left for later. Raises StorageRefused or Busy."""
        self.commits.commit()

    def read(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Rows by name. Raises StorageRefused or Busy."""
        try:
            cursor = self.connection.cursor()
            cursor.row_factory = sqlite3.Row
            return cursor.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise translated(self.path, error) from error

    def plan(self, order: Order, body: bytes, row: RowKey | None = None) -> OrderRecord:
        """An order that is written down in the moment before it is sent; `row`: of a batch."""
        fields = _fields(order, self._keeps_prompts) | {
            "body": body if self._keeps_prompts else None,
            "digest": hashlib.sha256(body).hexdigest(),
        }
        number = 0

        def planned(connection: sqlite3.Connection) -> int:
            nonlocal number
            self.caps.admit(connection, self.account, order.model, row and row.batch)
            number = self._planned(connection, fields, row, number)
            return number

        return OrderRecord(self.commits.soon, plan=planned, commits=self.commits)

    def _planned(
        self,
        connection: sqlite3.Connection,
        fields: dict[str, Any],
        row: RowKey | None,
        number: int,
    ) -> int:
        """Its number; that of what was planned for the same row, and has not been sent."""
        if row:
            fields = fields | row._asdict()
            query = "select id from orders where account = ? and batch = ? and row = ? and turn = ?"
            values = (self.account, row.batch, row.row, row.turn)
            (number,) = connection.execute(query, values).fetchone() or (number,)
        known = connection.execute("select state from orders where id = ?", (number,)).fetchone()
        if not known:
            return self._insert(connection, "PLANNED", fields)
        if known[0] == "PLANNED":
            names = ", ".join(f"{name} = ?" for name in fields)
            connection.execute(
                f"update orders set {names} where id = ?", (*fields.values(), number)
            )
        return number

    def find(self, task_id: str) -> Task | None:
        """What is known of a task."""
        found = self.read(f"select {COLUMNS} from orders where task_id = ?", task_id)
        return mapping.task_from_row(found[0], self.assets_of(found[0]["id"])) if found else None

    def past(self, task: Task) -> list[float]:
        """How many seconds the last runs of the same model, scene and size took."""
        query = (
            "select took from orders where account = ? and model is ? and scene is ? and size = ?"
            f" and provider is ? and took is not null order by id desc limit {_RUNS}"
        )
        found = self.read(query, self.account, task.model, task.scene, task.size, task.provider)
        return [row["took"] for row in found]

    def assets_of(self, number: int) -> list[sqlite3.Row]:
        """The assets of an order, in their order."""
        return self.read("select * from assets where order_id = ? order by n", number)

    def seen(self, task: Task) -> None:
        """Remember how a task was seen; a new one is adopted, an end is not taken back."""
        if not _is_news(self.find(task.id), task):
            return
        with self.commits.soon() as connection:
            number = self._number_of(connection, task)
            _write_status(connection, number, task)
            for asset in task.assets:
                connection.execute(
                    "insert into assets (order_id, n, url, kind, role) values (?, ?, ?, ?, ?)"
                    " on conflict do update set url = excluded.url",
                    (number, asset.n, asset.url, str(asset.kind), str(asset.role)),
                )

    def saved(self, file: SavedFile) -> None:
        """Remember where an asset is, and what it is."""
        path, n = str(Path(file.path).absolute()), file.asset.n
        with self.commits.soon() as connection:
            connection.execute(
                "update assets set path = ?, bytes = ?, sha256 = ?, saved = ?, part = null"
                f" where {_OF}",
                (path, file.bytes, file.sha256, time.time(), n, file.task.id),
            )

    def part(self, task_id: str, n: int) -> ResumeInfo | None:
        """What has arrived of an asset, if some of it has."""
        query = f"select part, address, etag, length from assets where part is not null and {_OF}"
        found = self.read(query, n, task_id)
        return ResumeInfo(*found[0]) if found else None

    def keep_part(self, task_id: str, n: int, part: ResumeInfo) -> None:
        """Remember where an asset is arriving."""
        with self.commits.soon() as connection:
            connection.execute(
                f"update assets set part = ?, address = ?, etag = ?, length = ? where {_OF}",
                (*part, n, task_id),
            )

    def forget_part(self, task_id: str, n: int) -> None:
        """What has arrived is of no use."""
        with self.commits.soon() as connection:
            connection.execute(f"update assets set part = null where {_OF}", (n, task_id))

    def file(self, task_id: str, n: int) -> tuple[str, str] | None:
        """Where an asset was saved, and its sha256."""
        query = f"select path, sha256 from assets where path is not null and {_OF}"
        found = self.read(query, n, task_id)
        return (found[0]["path"], found[0]["sha256"]) if found else None

    def _number_of(self, connection: sqlite3.Connection, task: Task) -> int:
        found = connection.execute("select id from orders where task_id = ?", (task.id,)).fetchone()
        if found:
            return int(found[0])
        fields = _fields(task, self._keeps_prompts) | {"task_id": task.id}
        return self._insert(connection, "SUBMITTED", fields)

    def _insert(self, connection: sqlite3.Connection, state: str, fields: dict[str, Any]) -> int:
        values = {"account": self.account, "state": state, "created": time.time(), **fields}
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        statement = f"insert into orders ({names}) values ({marks})"
        number = connection.execute(statement, tuple(values.values())).lastrowid
        assert number is not None
        return number

    def _bury_the_dead(self) -> None:
        """An order whose sender died may have arrived: nobody can know, so it is UNKNOWN."""
        sending = self.read("select id, owner from orders where state = 'SENDING'")
        for row in sending:
            if not process_id.is_alive(row["owner"] or ""):
                with suppress(StorageRefused, Busy):  # a disk that cannot be written can be read
                    reason = "its process ended before the answer came"
                    OrderRecord(self.change, row["id"]).unknown(reason, None)


def _fields(about: Order | Task, keeps_prompts: bool) -> dict[str, str | None]:
    """What describes an order, as columns."""
    known = {
        "media": str(about.media) if about.media else None,
        "scene": about.scene,
        "provider": about.provider,
        "model": about.model,
        "size": about.size,
    }
    if not keeps_prompts:
        return known
    options = None if about.options is None else json.dumps(dict(about.options))
    return known | {"prompt": about.prompt, "options": options}


def _write_status(connection: sqlite3.Connection, number: int, task: Task) -> None:
    code, message = task.failure or (None, None)
    connection.execute(
        "update orders set status = ?, settled = coalesce(settled, ?), took = coalesce(took, ?),"
        " failure_code = ?, failure_message = ?, media = coalesce(media, ?),"
        " model = coalesce(model, ?), provider = coalesce(provider, ?) where id = ?",
        (
            task.status,
            time.time() if task.is_settled else None,
            task.took if task.succeeded else None,
            code,
            message and message[:2000],
            task.media,
            task.model,
            task.provider,
            number,
        ),
    )


def _is_news(known: Task | None, task: Task) -> bool:
    if known is None:
        return True
    if known.is_settled:
        return known.succeeded and task.succeeded and known.assets != task.assets
    return known.status != task.status
