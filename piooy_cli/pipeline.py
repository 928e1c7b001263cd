"""The road: submit, finish, fetch. Commands get on and off it somewhere; nothing else waits."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from random import SystemRandom
from typing import TYPE_CHECKING, NamedTuple

from piooy_cli.api.assets import addresses_in
from piooy_cli.api.client import Api, Submission
from piooy_cli.api.faults import Expired
from piooy_cli.api.retry import Deadline
from piooy_cli.api.verdicts import outcome_unknown
from piooy_cli.errors import (
    Interrupted,
    NotDownloaded,
    NotSignedIn,
    OutcomeUnknown,
    OverLimit,
    PiooyError,
    StillRunning,
    TaskFailed,
    Unreachable,
    exit_code_of,
)
from piooy_cli.events import (
    Failed,
    Looking,
    Noticed,
    Progressed,
    Saved,
    Settled,
    Submitted,
    Submitting,
    Tell,
    Warned,
)
from piooy_cli.interrupt import Stop
from piooy_cli.models import RUNNING, Asset, Order, Role, SavedFile, Task
from piooy_cli.polling import Pace

if TYPE_CHECKING:
    from piooy_cli.downloads import Saver

PATIENCE = {"image": 300.0, "music": 600.0, "character": 600.0, "video": 1800.0}
LONGEST_PATIENCE = 1800.0
MOST_ASSETS = 64
_AT_ONCE = 8  # orders that leave at the same time
_ERROR_REREADS = 2
_uniform = SystemRandom().uniform


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


class Pipeline:
    """The road of one run. It knows what is under way, and what is in doubt."""

    def __init__(self, api: Api, waiting: Waiting, stop: Stop, tell: Tell) -> None:
        self._api = api
        self._waiting = waiting
        self._stop = stop
        self._tell = tell
        self.under_way: dict[str, Task] = {}
        self.in_doubt: list[OutcomeUnknown] = []
        self._closed: PiooyError | None = None
        self._leaving = asyncio.Semaphore(_AT_ONCE)

    async def make(
        self, order: Order, saver: "Saver | None", *, wait: bool, covers: bool = False
    ) -> list[SavedFile]:
        """The whole road, as far along it as asked."""
        task = await self.submit(order)
        if not wait:
            self.under_way.pop(task.id, None)
            return []
        task = await self.finish(task, fresh=True)
        return await self.fetch(task, saver, covers=covers) if saver else []

    async def submit(self, order: Order) -> Task:
        """Send the order, once. Stopped on the way, it waits for the answer that is due.

        After a refused key or an empty account nothing more is sent.
        """
        submission = self._api.prepare(order)
        async with self._leaving:
            if self._closed:
                raise self._closed
            return await self._submit(order, submission)

    async def _submit(self, order: Order, submission: Submission) -> Task:
        patience = self._waiting.deadline(order.media).seconds
        self._tell(Submitting(order))
        posting = asyncio.create_task(self._api.generate(submission, patience))
        try:
            task = await asyncio.shield(posting)
        except asyncio.CancelledError:
            self._accepted(await self._within_grace(posting, submission))
            raise
        except OutcomeUnknown as doubt:
            raise self._noted(doubt) from doubt.__cause__
        except (NotSignedIn, OverLimit) as closed:
            self._closed = closed
            raise
        return self._accepted(task)

    async def finish(self, task: Task, *, fresh: bool = False) -> Task:
        """Look until the task settles. Raises what it ended with, or StillRunning."""
        self.under_way[task.id] = task
        deadline = self._waiting.deadline(task.media)
        grace = Deadline(self._waiting.fresh_grace) if fresh else None
        self._tell(Looking(task.id))
        try:
            settled = await self._settled(task, deadline, grace)
        except PiooyError as error:
            if not isinstance(error, StillRunning):
                self.under_way.pop(task.id, None)
            raise
        self.under_way.pop(task.id, None)
        self._tell(Settled(settled))
        return settled

    async def look(self, task_id: str, refresh: str | None = None) -> Task:
        """The task as it is now."""
        self._tell(Looking(task_id))
        return await self._api.task(task_id, refresh=refresh)

    async def fetch(self, task: Task, saver: "Saver", *, covers: bool = False) -> list[SavedFile]:
        """Save the assets of a task that succeeded, told in their order.

        Raises the strongest of what went wrong, once every one has been tried.
        """
        wanted = await self._assets(task, covers)
        saved: list[SavedFile] = []
        errors: list[PiooyError] = []
        saving = [asyncio.create_task(self._save(task, asset, saver)) for asset in wanted]
        try:
            for one in saving:
                outcome = await one
                if isinstance(outcome, PiooyError):
                    errors.append(outcome)
                elif outcome:
                    saved.append(outcome)
                    self._tell(Saved(outcome))
        finally:
            for one in saving:
                one.cancel()
        if errors:
            self._raise_strongest(errors)
        return saved

    def stopped(self) -> PiooyError:
        """What a person has to know when a signal ended this run."""
        if self.in_doubt:
            return self.in_doubt[0]
        number, ids = self._stop.signal or 2, list(self.under_way)
        if not ids:
            return Interrupted("stopped; nothing is under way", signal=number)
        word = "task runs" if len(ids) == 1 else "tasks run"
        resume = f"piooy wait {' '.join(ids)}"
        return Interrupted(
            f"stopped waiting; {len(ids)} {word} on: {' '.join(ids)}",
            f"`{resume}` goes on",
            signal=number,
        )

    def _accepted(self, task: Task) -> Task:
        self.under_way[task.id] = task
        self._tell(Submitted(task))
        return task

    async def _within_grace(self, posting: "asyncio.Task[Task]", submission: Submission) -> Task:
        """The answer, if it comes in time. Raises CancelledError where nothing was sent."""
        if submission.may_have_arrived:
            await self._patiently(posting)
        if posting.done():
            if isinstance(doubt := posting.exception(), OutcomeUnknown):
                raise self._noted(doubt)
            return posting.result()
        arrived = submission.may_have_arrived
        posting.cancel()
        if arrived:
            raise self._noted(outcome_unknown("stopped before it came"))
        raise asyncio.CancelledError

    async def _patiently(self, posting: "asyncio.Task[Task]") -> None:
        """Until the answer is here, the grace is over, or a second signal insists."""
        seconds = f"{self._stop.grace:.0f} s"
        self._tell(Noticed(f"waiting up to {seconds} for the answer; stop again to give up"))
        insisted = asyncio.ensure_future(self._stop.insisted())
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait({posting, insisted}, timeout=self._stop.grace, return_when=first)
        insisted.cancel()

    def _noted(self, doubt: OutcomeUnknown) -> OutcomeUnknown:
        self.in_doubt.append(doubt)
        return doubt

    async def _settled(self, task: Task, deadline: Deadline, grace: Deadline | None) -> Task:
        inputs = tuple(addresses_in([task.options, task.prompt]))
        rereads = 0
        warned = False
        while True:
            seen = _merged(task, await self._seen(task, deadline, grace, inputs))
            if seen.status == "ERROR" and rereads < _ERROR_REREADS:
                rereads += 1
            elif seen.is_settled:
                return await self._judged(seen, inputs)
            elif seen.status not in RUNNING and not warned:
                warned = True
                self._tell(
                    Warned(f"{task.id}: the API says {seen.status!r}, taken as still running")
                )
            self._tell(Progressed(seen, deadline.elapsed))
            await self._pause(seen, deadline)

    async def _seen(
        self, task: Task, deadline: Deadline, grace: Deadline | None, inputs: tuple[str, ...]
    ) -> Task:
        try:
            return await self._api.task(task.id, deadline=deadline, grace=grace, inputs=inputs)
        except Unreachable as error:
            if error.final:
                raise
            raise _still_running(task, deadline, error.message) from error

    async def _pause(self, task: Task, deadline: Deadline) -> None:
        typical = self._waiting.typical(task.model, task.media)
        pause = self._waiting.pace.next_pause(deadline.elapsed, typical, _uniform)
        if deadline.left <= 0:
            raise _still_running(task, deadline, f"still {task.status}")
        await asyncio.sleep(min(pause, max(deadline.left, 0.01)))

    async def _judged(self, task: Task, inputs: tuple[str, ...]) -> Task:
        if task.failed:
            raise _task_failed(task)
        if task.assets:
            return task
        again = await self._api.task(task.id, refresh="1", inputs=inputs)
        return _merged(task, again) if again.succeeded else task

    async def _assets(self, task: Task, covers: bool) -> list[Asset]:
        """What is to be saved: results; covers where asked for, or where there is nothing else."""
        if len(task.assets) > MOST_ASSETS:
            raise NotDownloaded(
                f"task {task.id} names {len(task.assets):,} files; at most {MOST_ASSETS} are taken",
                f"`piooy task --raw {task.id}` shows them",
                task_id=task.id,
            )
        results = [asset for asset in task.assets if asset.role is Role.RESULT]
        wanted = list(task.assets) if covers or not results else results
        if not wanted:
            raise NotDownloaded(
                f"task {task.id} succeeded, and names no file",
                f"`piooy task --raw {task.id}` shows what it says",
                task_id=task.id,
            )
        return wanted

    async def _save(
        self, task: Task, asset: Asset, saver: "Saver"
    ) -> SavedFile | PiooyError | None:
        """Save one asset, or say why not: one that fails does not stop the others."""
        try:
            return await self._saved(task, asset, saver)
        except PiooyError as error:
            return error

    async def _saved(self, task: Task, asset: Asset, saver: "Saver") -> SavedFile | None:
        """Save one asset; where its address has expired, ask the API for a fresh one, once."""
        try:
            return await saver.save(task, asset)
        except Expired as expired:
            reason = str(expired)
        inputs = addresses_in([task.options, task.prompt])
        fresh = await self._api.task(task.id, refresh="assets", inputs=inputs)
        again = next((other for other in fresh.assets if other.n == asset.n), asset)
        with suppress(Expired):
            return await saver.save(task, again)
        raise NotDownloaded(
            f"asset {asset.n} of task {task.id} is no longer there: {reason}",
            f"`piooy download --persist {task.id}` asks the service to store it first",
            task_id=task.id,
        )

    def _raise_strongest(self, errors: list[PiooyError]) -> None:
        code = exit_code_of(errors, len(errors))
        strongest = next(error for error in errors if error.code == code)
        for error in errors:
            if error is not strongest:
                self._tell(Failed(error))
        raise strongest


def _merged(known: Task, seen: Task) -> Task:
    """What was just seen, with what the API leaves out filled in from what is known."""
    missing: Mapping[str, object] = {
        name: getattr(known, name)
        for name in ("media", "scene", "provider", "model", "prompt", "options", "created_at")
        if getattr(seen, name) is None
    }
    return replace(seen, id=known.id, **missing)  # type: ignore[arg-type]


def _still_running(task: Task, deadline: Deadline, why: str) -> StillRunning:
    return StillRunning(
        f"task {task.id} has not ended after {deadline.seconds:g} s: {why}",
        f"it runs on, charged once; `piooy wait {task.id}` goes on",
        task_id=task.id,
    )


def _task_failed(task: Task) -> TaskFailed:
    failure = task.failure
    parts = [part for part in (failure.code, failure.message) if part] if failure else []
    reason = ": ".join(parts)[:2000] or "the service gave no reason"
    return TaskFailed(
        f"task {task.id} ended {task.status}: {reason}",
        f"`piooy task --raw {task.id}` shows all that the service says",
        task_id=task.id,
    )
