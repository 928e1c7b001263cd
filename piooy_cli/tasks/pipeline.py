"""The pipeline: submit, wait, fetch. Commands use it from some step to another."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from piooy_cli.api.client import ApiClient
from piooy_cli.concurrency.limits import Limits
from piooy_cli.concurrency.signals import StopSignal
from piooy_cli.domain.errors import Interrupted, PiooyError
from piooy_cli.domain.events import InputSettled, PollStarted, Settled, Tell
from piooy_cli.domain.hints import continue_command
from piooy_cli.domain.models import MediaType, Order, RowKey, SavedFile, Task, TaskStatus
from piooy_cli.tasks.asset_fetcher import AssetFetcher, no_files_error
from piooy_cli.tasks.waiter import ERROR_REREADS, Waiter, WaitPolicy

if TYPE_CHECKING:
    from piooy_cli.concurrency.adaptive_limit import Slot
    from piooy_cli.domain.events import Event
    from piooy_cli.downloads.options import SaveOptions
    from piooy_cli.downloads.saver import Saver
    from piooy_cli.ledger.store import TaskStore
    from piooy_cli.tasks.input_resolver import InputResolver
    from piooy_cli.tasks.submitter import Submitter


class Pipeline:
    """The pipeline of one run. It knows which tasks are in progress, and which are in doubt."""

    def __init__(
        self,
        api: ApiClient,
        store: "TaskStore",
        policy: WaitPolicy,
        stop: StopSignal,
        tell: Tell,
        limits: Limits,
    ) -> None:
        self._api = api
        self._stop = stop
        self._tell = tell
        self._limits = limits
        self.store = store
        self._waiter = Waiter(api, policy, tell, store)
        self._fetcher = AssetFetcher(api, tell, store.record_file)
        self._under_way: dict[str, Task] = {}
        self._wait_arguments: tuple[str, ...] = ()
        self.again = ""  # how to continue, if not with `wait`

    @cached_property
    def _submitter(self) -> "Submitter":
        """Most commands send nothing, and need not import it."""
        from piooy_cli.tasks.submitter import Submitter

        timeout = self._waiter.policy.timeout
        return Submitter(
            self._api, self.store, self._stop, self._tell, self._limits,
            float("inf") if timeout is None else timeout, self._under_way, self.inputs,
        )  # fmt: skip

    @cached_property
    def inputs(self) -> "InputResolver":
        """The results that are inputs of orders."""
        from piooy_cli.tasks.input_resolver import InputResolver

        def tell(event: "Event") -> None:
            self._tell(InputSettled(event.task) if isinstance(event, Settled) else event)

        waiter = Waiter(self._api, self._waiter.policy, tell, self.store)
        return InputResolver(
            lambda task: self._finish(task, waiter, fresh=False),
            lambda task_id: self.look(task_id, "assets", sure=True),
            self.store.saved_file,
        )

    async def submit(
        self, order: Order, row: RowKey, slot: "Slot", on_recorded: Callable[[str], None]
    ) -> Task:
        """Send the order of a batch's row, once. `on_recorded`: as in `Submitter.submit`."""
        return await self._submitter.submit(order, row, slot, on_recorded)

    @property
    def closed(self) -> PiooyError | None:
        """Why nothing more is sent; None while orders are sent."""
        return self._submitter.closed

    def close(self, why: PiooyError) -> None:
        """Send nothing more; what is in progress continues."""
        self._submitter.close(why)

    def saver(self, options: "SaveOptions", jobs: int = 4) -> "Saver":
        """Return a saver of assets with these options, for `jobs` at a time."""
        from piooy_cli.downloads.saver import Saver

        return Saver(self._api, options, self._limits, self._tell, self.store, jobs)

    async def make(self, order: Order, saver: "Saver | None", *, wait: bool) -> list[SavedFile]:
        """Send an order; then wait for its task and save its files, if asked to."""
        self.resume_with(saver.options.wait_arguments if saver else ())
        task = await self._submitter.submit(order)
        if not wait:
            self._under_way.pop(task.id, None)
            return []
        return await self.complete(task, saver, fresh=True)

    async def complete(
        self, task: Task, saver: "Saver | None", *, fresh: bool = False
    ) -> list[SavedFile]:
        """Wait for a task, and fetch its files if there is a saver."""
        self.resume_with(saver.options.wait_arguments if saver else ())
        task = await self.finish(task, fresh=fresh)
        return await self.fetch(task, saver) if saver else []

    def resume_with(self, wait_arguments: tuple[str, ...]) -> None:
        """Set the options with which `piooy wait` continues what this run began."""
        self._wait_arguments = wait_arguments

    async def finish(self, task: Task, *, fresh: bool = False) -> Task:
        """Wait until the task succeeds. Raises how else it ended, or StillRunning."""
        return await self._finish(task, self._waiter, fresh=fresh)

    async def _finish(self, task: Task, waiter: Waiter, *, fresh: bool) -> Task:
        if not task.is_settled:  # an order's answer may bring its end along
            task = self.store.find(task.id) or task
        with self._about(task, "wait"):
            task = await waiter.finish(
                task, fresh=fresh or _is_new(task), resume=self._wait_arguments
            )
            if not task.assets and task.media != MediaType.CHARACTER:
                raise no_files_error(task)
            return task

    async def look(self, task_id: str, refresh: str | None = None, *, sure: bool = False) -> Task:
        """Read the task once. ERROR may be temporary; `sure` rereads it, and records it."""
        self._tell(PollStarted(task_id))
        known = self.store.find(task_id) or Task(task_id)
        task = await self._read(known, refresh)
        for _ in range(ERROR_REREADS if sure else 0):
            if task.status == TaskStatus.ERROR:
                await asyncio.sleep(self._waiter.policy.pace.early)
                task = await self._read(known, refresh)
        if sure or task.status != TaskStatus.ERROR:
            self.store.observe(task)
        return task

    def known(self, task_id: str) -> Task | None:
        """Return a task from the ledger if it succeeded and has files: no poll is needed."""
        task = self.store.find(task_id)
        return task if task and task.succeeded and task.assets else None

    async def _read(self, known: Task, refresh: str | None) -> Task:
        return await self._api.task(known, refresh=refresh)

    async def fetch(
        self, task: Task, saver: "Saver", *, only: int | None = None
    ) -> list[SavedFile]:
        """Save the assets of a task that succeeded. Raises the error that takes precedence."""
        with self._about(task, "download"):
            return await self._fetcher.fetch(task, saver, only=only)

    def stopped(self) -> PiooyError:
        """Return the error for a run that a signal ended: what is in doubt or still running."""
        if self._submitter.unknown:
            return self._submitter.unknown[0]
        number, ids = self._stop.signal or 2, tuple(self._under_way)
        if not ids:
            return Interrupted("stopped; no task is in progress", self.again, signal=number)
        message = f"stopped waiting; {len(ids):,} still in progress"
        hint = self.again or continue_command(ids, self._wait_arguments, self.store.find)
        interrupted = Interrupted(message, hint, signal=number)
        interrupted.ids = () if self.again else ids
        return interrupted

    @contextmanager
    def _about(self, task: Task, command: str) -> Iterator[None]:
        """Count the task as in progress while inside; errors name the task."""
        self._under_way[task.id] = task
        try:
            yield
        except PiooyError as error:
            self._under_way.pop(task.id, None)
            raise error.about(task.id, command) from error.__cause__
        self._under_way.pop(task.id, None)


def _is_new(task: Task) -> bool:
    """Whether the task is so new that the service may not know it yet."""
    return (
        task.created_at is not None and (datetime.now(UTC) - task.created_at).total_seconds() < 60
    )
