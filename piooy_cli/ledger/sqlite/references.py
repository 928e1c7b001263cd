"""References to tasks: @last, @2, @pending, @tag:KEY=VALUE, @row:N, or a prefix of an id."""

import re

from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import FAILED, SUCCEEDED, TaskStatus
from piooy_cli.ledger.records import OrderDetails
from piooy_cli.ledger.sqlite.database import COLUMNS
from piooy_cli.ledger.sqlite.filters import UNSAVED, batch_named, tagged
from piooy_cli.ledger.sqlite.history import History

SHORTEST_PREFIX = 6
_ROW = re.compile(r"@row:([0-9]{1,18})", re.ASCII)
_BATCH, _TAG = "@batch:", "@tag:"
_NTH = re.compile(r"@([1-9][0-9]{0,8})", re.ASCII)
_FAILED = ", ".join(f"'{status}'" for status in sorted(FAILED))
_ENDED = ", ".join(f"'{status}'" for status in sorted(SUCCEEDED | FAILED))
_SETS = {
    "@pending": f"coalesce(status, '{TaskStatus.PENDING}') not in ({_ENDED})",
    "@failed": f"status in ({_FAILED})",
    "@unsaved": UNSAVED,
}
_KNOWN = "@last @2 @pending @failed @unsaved @batch:NAME @tag:KEY=VALUE @row:N"
_TO_LIST = Hint("history", sentence="to list the orders: {}")


class References(History):
    """The part of the store that resolves references."""

    def resolve_ref(self, ref: str) -> list[str]:
        """Return the task ids that a reference stands for; any other text stands for itself.

        Raises NotFound if there is no such task, UsageError if it is ambiguous.
        """
        if condition := _SETS.get(ref):
            return self._tasks_where(condition)
        if ref.startswith(_BATCH):
            return self._tasks_where("batch = ?", batch_named(self, ref.removeprefix(_BATCH)))
        if ref.startswith(_TAG):
            from piooy_cli.domain.tags import filter_of

            condition, values = tagged(filter_of(ref.removeprefix(_TAG)))
            return self._tasks_where(condition, *values)
        if ref == "@last" or _NTH.fullmatch(ref):
            return [self._nth(1 if ref == "@last" else int(ref[1:]))]
        if ref.startswith("@"):
            return [self._task_of_row(ref)]
        return [self._by_prefix(ref)] if len(ref) >= SHORTEST_PREFIX else [ref]

    def order_named(self, ref: str) -> OrderDetails:
        """Return the order that `@row:N`, a task id, or another reference to one task names."""
        if match := _ROW.fullmatch(ref):
            found = self.read(f"select {COLUMNS} from orders where id = ?", int(match[1]))
        else:
            ids = self.resolve_ref(ref)
            if len(ids) != 1:
                raise UsageError(
                    f"{ref} refers to {len(ids)} tasks", "give a reference to one task"
                )
            found = self.read(f"select {COLUMNS} from orders where task_id = ?", ids[0])
        if not found:
            raise NotFound(f"{ref} is not in the history", _TO_LIST)
        if found[0]["account"] != self.account:
            hint = "choose it with --profile, --base-url or --sandbox"
            raise UsageError(f"{ref} belongs to {found[0]['account']}", hint)
        return self.details(found[0])

    def order_numbers(self, ref: str) -> list[int]:
        """Return the numbers of the orders that a reference names, one or several.

        Raises NotFound or UsageError, and so if it names none.
        """
        refs = [ref] if _ROW.fullmatch(ref) else self.resolve_ref(ref)
        if not refs:
            raise NotFound(f"{ref} refers to no task", _TO_LIST)
        if len(refs) == 1:
            return [self.order_named(refs[0]).number]
        query = "select id from orders where task_id = ?"
        return [self.read(query, task_id)[0]["id"] for task_id in refs]

    def _tasks_where(self, condition: str, *values: str) -> list[str]:
        """Return the ids of the account's tasks, newest first."""
        query = (
            "select task_id from orders where account = ? and task_id is not null"
            f" and {condition} order by id desc"
        )
        return [str(row["task_id"]) for row in self.read(query, self.account, *values)]

    def _nth(self, n: int) -> str:
        query = (
            "select task_id from orders where account = ? and task_id is not null"
            " order by id desc limit 1 offset ?"
        )
        found = self.read(query, self.account, n - 1)
        if not found:
            raise NotFound(f"there is no task number {n} in the history", _TO_LIST)
        return str(found[0]["task_id"])

    def _task_of_row(self, ref: str) -> str:
        if not _ROW.fullmatch(ref):
            raise UsageError(f"{ref[:80]!r} is not a reference", f"known: {_KNOWN}")
        order = self.order_named(ref)
        if not order.task.id:
            hint = Hint("history show", (ref,), "to show it: {}")
            raise NotFound(f"{ref} is {order.state}; it has no task", hint)
        return order.task.id

    def _by_prefix(self, ref: str) -> str:
        upper = ref[:-1] + chr(ord(ref[-1]) + 1)
        query = (
            "select task_id from orders where task_id >= ? and task_id < ? and account = ?"
            " order by task_id limit 3"
        )
        found = [row["task_id"] for row in self.read(query, ref, upper, self.account)]
        if ref in found or not found:
            return ref
        if len(found) > 1:
            what = f"{ref} is ambiguous: matches {', '.join(found[:2])}"
            raise UsageError(what, "type more characters")
        return str(found[0])
