"""The road: submit, finish, fetch. Commands get on and off it somewhere; nothing else waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from piooy_cli.api.client import Api
from piooy_cli.errors import Interrupted, PiooyError
from piooy_cli.events import Looking, Tell
from piooy_cli.fetching import Fetcher
from piooy_cli.interrupt import Stop
from piooy_cli.models import Order, SavedFile, Task
from piooy_cli.submitting import Submitter
from piooy_cli.waiting import Waiter, Waiting

if TYPE_CHECKING:
    from piooy_cli.downloads import Saver


class Pipeline:
    """The road of one run. It knows what is under way, and what is in doubt."""

    def __init__(self, api: Api, waiting: Waiting, stop: Stop, tell: Tell) -> None:
        patience = float("inf") if waiting.timeout is None else waiting.timeout
        self._api = api
        self._stop = stop
        self._tell = tell
        self._submitter = Submitter(api, stop, tell, patience)
        self._waiter = Waiter(api, waiting, tell)
        self._fetcher = Fetcher(api, tell)
        self._under_way: dict[str, Task] = self._submitter.sent
        self._resume = "piooy wait"

    async def make(
        self, order: Order, saver: "Saver | None", *, wait: bool, covers: bool = False
    ) -> list[SavedFile]:
        """The whole road, as far along it as asked."""
        task = await self._submitter.submit(order)
        if not wait:
            self._under_way.pop(task.id, None)
            return []
        return await self.complete(task, saver, covers=covers, fresh=True)

    async def complete(
        self, task: Task, saver: "Saver | None", *, covers: bool = False, fresh: bool = False
    ) -> list[SavedFile]:
        """Finish, and fetch where there is a saver."""
        self._resume = "piooy wait --download" if saver else "piooy wait"
        task = await self.finish(task, fresh=fresh)
        return await self.fetch(task, saver, covers=covers) if saver else []

    async def finish(self, task: Task, *, fresh: bool = False) -> Task:
        """Look until the task settles. Raises what it ended with, or StillRunning."""
        with self._about(task, "piooy wait"):
            return await self._waiter.finish(task, fresh=fresh)

    async def look(self, task_id: str, refresh: str | None = None) -> Task:
        """The task as it is now."""
        self._tell(Looking(task_id))
        return await self._api.task(task_id, refresh=refresh)

    async def fetch(self, task: Task, saver: "Saver", *, covers: bool = False) -> list[SavedFile]:
        """Save the assets of a task that succeeded. Raises the strongest of what went wrong."""
        with self._about(task, "piooy download"):
            return await self._fetcher.fetch(task, saver, covers=covers)

    def stopped(self) -> PiooyError:
        """What a person has to know when a signal ended this run."""
        if self._submitter.in_doubt:
            return self._submitter.in_doubt[0]
        number, ids = self._stop.signal or 2, " ".join(self._under_way)
        if not ids:
            return Interrupted("stopped; nothing is under way", signal=number)
        message = f"stopped waiting; still under way: {ids}"
        return Interrupted(message, f"`{self._resume} {ids}` goes on", signal=number)

    @contextmanager
    def _about(self, task: Task, command: str) -> Iterator[None]:
        """Under way while inside, and longer where a signal came; an error names the task."""
        self._under_way[task.id] = task
        try:
            yield
        except PiooyError as error:
            self._under_way.pop(task.id, None)
            raise error.about(task.id, command) from error.__cause__
        self._under_way.pop(task.id, None)
