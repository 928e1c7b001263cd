"""Deciding what a row still needs: to be sent, waited for, or left alone."""

from typing import NamedTuple

from piooy_cli.batch.rows import BatchRow
from piooy_cli.concurrency.backoff import Deadline
from piooy_cli.domain.errors import StillRunning, SubmissionUnknown, TaskFailed
from piooy_cli.domain.hints import RESOLUTIONS, Hint
from piooy_cli.domain.models import FAILED, OrderState, Task
from piooy_cli.ledger.records import RowOrder
from piooy_cli.tasks.waiter import failure_of

RETRIED = FAILED | {OrderState.REFUSED, OrderState.WRITTEN_OFF}


class RunPlan(NamedTuple):
    """What this run has to do. `limit`: maximum new orders; `until`: the deadline."""

    concurrency: int = 4
    limit: int | None = None
    only_failed: bool = False
    shuffled: bool = False
    max_failures: int | None = None
    until: Deadline | None = None


def next_attempt(row: BatchRow, sent: RowOrder | None, plan: RunPlan) -> int | None:
    """Return which attempt of a row to send now; None if none."""
    if sent is None or sent.state == OrderState.PLANNED:
        attempt = sent.attempt if sent else 1
        return None if plan.only_failed and attempt == 1 else attempt
    refused = sent.state == OrderState.REFUSED
    changed = refused and sent.spec != row.spec
    again = plan.only_failed and (
        refused or sent.state == OrderState.WRITTEN_OFF or sent.task.failed
    )
    return sent.attempt + 1 if changed or again else None


def deadline_error() -> StillRunning:
    """Return the error for a run whose deadline has passed."""
    return StillRunning("the deadline has passed; tasks that were sent continue, charged once")


def sent_task(sent: RowOrder | None) -> Task:
    """Return the task of a row that was sent. Raises how it ended, or that it is in doubt."""
    assert sent  # a row without an order has a turn
    state, task = sent.state, sent.task
    if state in (OrderState.UNKNOWN, OrderState.SENDING):
        raise SubmissionUnknown(
            "it may have been accepted, but its response was lost",
            Hint("history resolve", (task.ref or "",), "to resolve it: {}", RESOLUTIONS),
        )
    if state == OrderState.WRITTEN_OFF:
        raise TaskFailed("it was charged, and written off by the user")
    if state == OrderState.REFUSED:
        reason = task.failure.message if task.failure else "no reason was given"
        raise TaskFailed(f"refused: {reason}")
    if task.failed:
        raise failure_of(task)
    return task
