"""What a person calls a task: @last, @2, @pending, @row:N, or the beginning of its id."""

import re
import sqlite3

from piooy_cli.domain.errors import NotFound, UsageError
from piooy_cli.domain.hints import Hint
from piooy_cli.domain.models import Task
from piooy_cli.ledger.sqlite.history import Filters, list_orders
from piooy_cli.ledger.sqlite.store import COLUMNS, Ledger

SHORTEST_PREFIX = 6
_ROW = re.compile(r"@row:([0-9]{1,18})", re.ASCII)
_BATCH = "@batch:"
_NTH = re.compile(r"@([1-9][0-9]{0,8})", re.ASCII)
_SETS = {
    "@pending": Filters(),
    "@failed": Filters(),
    "@unsaved": Filters(unsaved=True),
}


def resolve_ref(ledger: Ledger, ref: str) -> list[str]:
    """The task ids that a reference stands for; a text that is none stands for itself.

    Raises NotFound for a single one that is not there, UsageError for one that could be two.
    """
    if sets := _SETS.get(ref):
        return [task.id for task in list_orders(ledger, sets) if task.id and _belongs(ref, task)]
    if ref.startswith(_BATCH):
        chosen = Filters(batch=ref.removeprefix(_BATCH))
        return [task.id for task in list_orders(ledger, chosen) if task.id]
    if ref == "@last" or _NTH.fullmatch(ref):
        return [_nth(ledger, 1 if ref == "@last" else int(ref[1:]))]
    if ref.startswith("@"):
        return [_task_of_row(ledger, ref)]
    return [_by_prefix(ledger, ref)] if len(ref) >= SHORTEST_PREFIX else [ref]


def order_named(ledger: Ledger, ref: str) -> sqlite3.Row:
    """The row that a reference names: `@row:N`, a task id, or any other reference to one task."""
    if match := _ROW.fullmatch(ref):
        found = ledger.read(f"select {COLUMNS} from orders where id = ?", int(match[1]))
    else:
        ids = resolve_ref(ledger, ref)
        if len(ids) != 1:
            raise UsageError(f"{ref} names {len(ids)} tasks", "name one")
        found = ledger.read(f"select {COLUMNS} from orders where task_id = ?", ids[0])
    if not found:
        raise NotFound(
            f"{ref} is not in the history", Hint("history", sentence="to list what is: {}")
        )
    if found[0]["account"] != ledger.account:
        hint = "choose it with --profile, --base-url or --sandbox"
        raise UsageError(f"{ref} belongs to {found[0]['account']}", hint)
    return found[0]


def _belongs(ref: str, task: Task) -> bool:
    if ref == "@pending":
        return not task.is_settled
    return task.failed if ref == "@failed" else True


def _nth(ledger: Ledger, n: int) -> str:
    query = (
        "select task_id from orders where account = ? and task_id is not null"
        " order by id desc limit 1 offset ?"
    )
    found = ledger.read(query, ledger.account, n - 1)
    if not found:
        raise NotFound(
            f"there is no task number {n} in the history",
            Hint("history", sentence="to list what is: {}"),
        )
    return str(found[0]["task_id"])


def _task_of_row(ledger: Ledger, ref: str) -> str:
    if not _ROW.fullmatch(ref):
        known = "@last @2 @pending @failed @unsaved @batch:NAME @row:N"
        raise UsageError(f"{ref[:80]!r} is no reference", f"known: {known}")
    row = order_named(ledger, ref)
    if not row["task_id"]:
        raise NotFound(
            f"{ref} is {row['state']}; it has no task",
            Hint("history show", (ref,), "to show it: {}"),
        )
    return str(row["task_id"])


def _by_prefix(ledger: Ledger, ref: str) -> str:
    upper = ref[:-1] + chr(ord(ref[-1]) + 1)
    query = (
        "select task_id from orders where task_id >= ? and task_id < ? and account = ?"
        " order by task_id limit 3"
    )
    found = [row["task_id"] for row in ledger.read(query, ref, upper, ledger.account)]
    if ref in found or not found:
        return ref
    if len(found) > 1:
        raise UsageError(f"{ref} could be {' or '.join(found[:2])}", "give more of it")
    return str(found[0])
