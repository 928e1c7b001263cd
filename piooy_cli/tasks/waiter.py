"""Polling tasks until they end, or a time limit passes."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.api.client import ApiClient
from piooy_cli.concurrency.backoff import Deadline, uniform
from piooy_cli.domain.errors import (
    OverLimit,
    PiooyError,
    StillRunning,
    TaskFailed,
    Unreachable,
)
from piooy_cli.domain.events import PollStarted, Progressed, Settled, Tell, Warned
from piooy_cli.domain.expectation import Expectation
from piooy_cli.domain.hints import Hint, continue_command
from piooy_cli.domain.models import RUNNING, MediaType, Task, TaskStatus
from piooy_cli.tasks.poll_schedule import Pace, expectation_from

if TYPE_CHECKING:
    from piooy_cli.ledger.store import TaskStore

DEFAULT_TIMEOUTS = {"image": 300.0, "music": 600.0, "character": 600.0, "video": 1800.0}
LONGEST_TIMEOUT = 1800.0
ERROR_REREADS = 2
_REREAD_SECONDS = 5


class WaitPolicy(NamedTuple):
    """How to wait. `typical`: usual seconds of a model; `timeout`: None for the default."""

    pace: Pace
    typical: Callable[[str | None, str | None], float]
    timeout: float | None = None
    fresh_grace: float = 60
    until: Deadline | None = None  # of all tasks together

    def deadline(self, media: str | None) -> Deadline:
        """Return the deadline of one task, starting now."""
        default = DEFAULT_TIMEOUTS.get(media or "", LONGEST_TIMEOUT)
        seconds = default if self.timeout is None else self.timeout
        return Deadline(min(seconds, self.until.left) if self.until else seconds)


class Waiter:
    """Waits for tasks, any number of them at the same time.

    Each sleeps until its next poll is due; the token bucket, the gate and the workers of the API
    client bound what they do together.
    """

    def __init__(
        self,
        api: ApiClient,
        policy: WaitPolicy,
        tell: Tell,
        store: "TaskStore",
    ) -> None:
        self.api = api
        self.policy = policy
        self.tell = tell
        self.store = store
        self._expectations: dict[tuple[str | None, ...], Expectation] = {}

    async def finish(self, task: Task, *, fresh: bool, resume: tuple[str, ...]) -> Task:
        """Return the task when it has succeeded. Raises how else it ended, or StillRunning.

        `fresh`: the service may not know it yet. `resume`: options of the command that continues.
        """
        wait = _Wait(self, task, fresh, resume)
        self.tell(PollStarted(task.id, wait.age, self.expectation(task)))
        settled = await wait.settled()
        if settled.took is not None:
            self._expectations.pop(_kind_of(settled), None)  # it taught something
        self.tell(Settled(settled))
        return settled

    def expectation(self, task: Task) -> Expectation:
        """Return how long a task takes; read from the ledger again when another one has ended."""
        kind = _kind_of(task)
        if kind not in self._expectations:
            typical = self.policy.typical(task.model, task.media)
            past = self.store.durations(task) if task.model else ()
            self._expectations[kind] = expectation_from(past, typical)
        return self._expectations[kind]


def _kind_of(task: Task) -> tuple[str | None, ...]:
    return (task.model, task.provider, task.media, task.scene, task.size)


class _Wait:
    """The wait for one task. Ages are seconds since it was accepted, as far as known."""

    __slots__ = (
        "_deadline", "_error_rereads", "_grace", "_head_start", "_inputs", "_last_running",
        "_moved", "_refreshed", "_resume", "_task", "_waiter", "_warned",
    )  # fmt: skip

    def __init__(self, waiter: Waiter, task: Task, fresh: bool, resume: tuple[str, ...]) -> None:
        self._waiter = waiter
        self._resume = resume
        self._task = task
        self._deadline = waiter.policy.deadline(task.media)
        self._grace = Deadline(waiter.policy.fresh_grace) if fresh else None
        accepted = task.accepted_at.timestamp() if task.accepted_at else None
        if task.is_settled:  # the order's own answer brought the end: nothing to learn
            accepted = None
        self._head_start = None if accepted is None else max(time.time() - accepted, 0)
        self._last_running = 0.0
        self._moved = self._refreshed = self.age
        self._error_rereads = 0
        self._warned = False

    @property
    def age(self) -> float:
        """Seconds that the task has been running."""
        return (self._head_start or 0) + self._deadline.elapsed

    async def settled(self) -> Task:
        """Poll until the task has ended; return it if it succeeded."""
        if self._head_start is not None and not self._task.is_settled:
            await self._sleep(self._pace.first_pause(self.age, self._expected))
        while True:
            asked = self.age
            self._task = await self._look()
            if self._is_over():
                return await self._judged()
            self._last_running = asked
            if not self._task.failed:  # an ERROR may be temporary, and is not recorded as the end
                self._waiter.store.observe(self._task)
            self._waiter.tell(Progressed(self._task, self._deadline.elapsed))
            await self._pause()

    @property
    def _pace(self) -> Pace:
        return self._waiter.policy.pace

    @property
    def _expected(self) -> Expectation:
        return self._waiter.expectation(self._task)

    async def _look(self) -> Task:
        refresh = "1" if self._wants_refresh() else None
        try:
            return await self._read(refresh, self._deadline)
        except (Unreachable, OverLimit) as error:
            if isinstance(error, Unreachable) and error.final:
                raise
            raise self._still_running(error.message) from error

    async def _read(self, refresh: str | None, deadline: Deadline | None) -> Task:
        seen = await self._waiter.api.task(
            self._task, refresh=refresh, deadline=deadline, grace=self._grace
        )
        if seen.status != self._task.status:
            self._moved = self.age
        return seen

    def _wants_refresh(self) -> bool:
        age, refreshed = self.age, self._refreshed
        wants = self._pace.wants_refresh(age, age - self._moved, age - refreshed, self._expected)
        self._refreshed = age if wants else refreshed
        return wants

    def _is_over(self) -> bool:
        """Whether the task has ended. ERROR may be temporary: it has to be seen repeatedly."""
        status = self._task.status
        if status == TaskStatus.ERROR and self._error_rereads < ERROR_REREADS:
            self._error_rereads += 1
            return False
        self._error_rereads = 0
        if not self._task.is_settled and status not in RUNNING and not self._warned:
            self._warned = True
            what = f"unknown status {status!r}, treated as still running"
            self._waiter.tell(Warned(f"{self._task.id}: {what}"))
        return self._task.is_settled

    async def _pause(self) -> None:
        if self._deadline.passed:
            raise self._still_running(f"still {self._task.status}")
        pause = self._pace.next_pause(self.age, self._expected, uniform)
        await self._sleep(min(pause, self._pace.early) if self._task.failed else pause)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, at most until the deadline: one last poll is made then."""
        await asyncio.sleep(min(seconds, max(self._deadline.left, 0.01)))

    async def _judged(self) -> Task:
        """Return the ended task, polling once or twice more if its files are missing."""
        if self._task.failed:
            self._waiter.store.observe(self._task)
            raise failure_of(self._task)
        ended = self._task.settled_at or datetime.now(UTC)
        self._task = self._task._replace(took=self._took(), settled_at=ended)
        self._waiter.store.observe(self._task)
        for refresh in (None, "1"):
            if not self._task.assets and self._task.media != MediaType.CHARACTER:
                await self._reread(refresh)
        self._waiter.store.observe(self._task)
        return self._task

    async def _reread(self, refresh: str | None) -> None:
        await self._sleep(self._pace.early)
        with suppress(PiooyError):
            again = await self._read(refresh, Deadline(_REREAD_SECONDS))
            if again.succeeded:
                known = self._task
                self._task = again._replace(took=known.took, settled_at=known.settled_at)

    def _took(self) -> float | None:
        """Return how long the run took, if the polls around its end were close enough to tell."""
        if self._head_start is None or self.age - self._last_running > max(3, self.age / 4):
            return None
        return (self._last_running + self.age) / 2

    def _still_running(self, why: str) -> StillRunning:
        return StillRunning(
            f"task {self._task.id} has not ended after {self._deadline.elapsed:.0f} s: {why}",
            [
                "the task continues and is charged once",
                continue_command([self._task.id], self._resume),
            ],
            task_id=self._task.id,
        )


def failure_of(task: Task) -> TaskFailed:
    """Return the error for a failed task, with the service's reason."""
    failure = task.failure
    parts = [part for part in (failure.code, failure.message) if part] if failure else []
    reason = ": ".join(parts)[:2000] or "the service gave no reason"
    return TaskFailed(
        f"task {task.id} ended {task.status}: {reason}",
        Hint("task", ("--raw", task.id), "for everything the service reports: {}"),
        task_id=task.id,
    )
