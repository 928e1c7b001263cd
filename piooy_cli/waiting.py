"""Looking at a task until it settles, or until patience runs out."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from piooy_cli.api.addresses import addresses_in
from piooy_cli.api.client import Api
from piooy_cli.api.retry import Deadline, uniform
from piooy_cli.errors import OverLimit, PiooyError, StillRunning, TaskFailed, Unreachable
from piooy_cli.events import Looking, Progressed, Settled, Tell, Warned
from piooy_cli.models import RUNNING, Task
from piooy_cli.polling import Pace

PATIENCE = {"image": 300.0, "music": 600.0, "character": 600.0, "video": 1800.0}
LONGEST_PATIENCE = 1800.0
_ERROR_REREADS = 2


class Waiting(NamedTuple):
    """How to wait: `typical` seconds of model and media type; `timeout`: None for the usual one."""

    pace: Pace
    typical: Callable[[str | None, str | None], float]
    timeout: float | None = None
    fresh_grace: float = 60

    def deadline(self, media: str | None) -> Deadline:
        """The deadline of one task, from now."""
        default = PATIENCE.get(media or "", LONGEST_PATIENCE)
        return Deadline(default if self.timeout is None else self.timeout)


class Waiter:
    """Waits for tasks, any number of them at the same time."""

    def __init__(
        self, api: Api, waiting: Waiting, tell: Tell, seen: Callable[[Task], None]
    ) -> None:
        self._api = api
        self._waiting = waiting
        self._tell = tell
        self._seen = seen

    async def finish(self, task: Task, *, fresh: bool) -> Task:
        """The task once it succeeded. Raises what else it ended with, or StillRunning.

        `fresh`: it may be so new that the service does not know it yet.
        """
        self._tell(Looking(task.id))
        wait = _Wait(self._api, self._waiting, self._tell, self._seen, task, fresh)
        settled = await wait.settled()
        self._tell(Settled(settled))
        return settled


class _Wait:
    """The wait for one task."""

    def __init__(
        self,
        api: Api,
        waiting: Waiting,
        tell: Tell,
        seen: Callable[[Task], None],
        task: Task,
        fresh: bool,
    ) -> None:
        self._api = api
        self._seen = seen
        self._waiting = waiting
        self._tell = tell
        self._task = task
        self._deadline = waiting.deadline(task.media)
        self._grace = Deadline(waiting.fresh_grace) if fresh else None
        self._inputs = tuple(addresses_in([task.options, task.prompt]))
        self._error_rereads = 0
        self._warned = False

    async def settled(self) -> Task:
        """The task once it succeeded."""
        while True:
            self._task = await self._look()
            if self._is_over():
                return await self._judged()
            self._seen(self._task)
            self._tell(Progressed(self._task, self._deadline.elapsed))
            await self._pause()

    async def _look(self) -> Task:
        try:
            seen = await self._api.task(
                self._task.id, deadline=self._deadline, grace=self._grace, inputs=self._inputs
            )
        except (Unreachable, OverLimit) as error:
            if isinstance(error, Unreachable) and error.final:
                raise
            raise self._still_running(error.message) from error
        return merged(self._task, seen)

    def _is_over(self) -> bool:
        """Whether the status is the last one. ERROR may pass: it is read again before it counts."""
        status = self._task.status
        if status == "ERROR" and self._error_rereads < _ERROR_REREADS:
            self._error_rereads += 1
            return False
        if not self._task.is_settled and status not in RUNNING and not self._warned:
            self._warned = True
            what = f"the API says {status!r}, taken as still running"
            self._tell(Warned(f"{self._task.id}: {what}"))
        return self._task.is_settled

    async def _pause(self) -> None:
        if self._deadline.passed:
            raise self._still_running(f"still {self._task.status}")
        typical = self._waiting.typical(self._task.model, self._task.media)
        pause = self._waiting.pace.next_pause(self._deadline.elapsed, typical, uniform)
        await asyncio.sleep(min(pause, max(self._deadline.left, 0.01)))

    async def _judged(self) -> Task:
        """The success, with one more look for files that are late. It is not taken back."""
        if self._task.failed:
            self._seen(self._task)
            raise task_failed(self._task)
        if not self._task.assets:
            with suppress(PiooyError):
                again = await self._api.task(self._task.id, refresh="1", inputs=self._inputs)
                self._task = merged(self._task, again) if again.succeeded else self._task
        self._seen(self._task)
        return self._task

    def _still_running(self, why: str) -> StillRunning:
        return StillRunning(
            f"task {self._task.id} has not ended after {self._deadline.elapsed:.0f} s: {why}",
            f"it runs on, charged once; `piooy wait {self._task.id}` goes on",
            task_id=self._task.id,
        )


def merged(known: Task, seen: Task) -> Task:
    """What was just seen, with what the API leaves out filled in from what is known."""
    names = ("media", "scene", "provider", "model", "prompt", "options", "created_at")
    missing: Mapping[str, object] = {
        name: getattr(known, name) for name in names if getattr(seen, name) is None
    }
    return replace(seen, id=known.id, **missing)  # type: ignore[arg-type]


def task_failed(task: Task) -> TaskFailed:
    """The failure of a task, in the service's words."""
    failure = task.failure
    parts = [part for part in (failure.code, failure.message) if part] if failure else []
    reason = ": ".join(parts)[:2000] or "the service gave no reason"
    return TaskFailed(
        f"task {task.id} ended {task.status}: {reason}",
        f"`piooy task --raw {task.id}` shows all that the service says",
        task_id=task.id,
    )
