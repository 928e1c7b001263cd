"""Progress for logs, off a terminal: a plain line for each change of state, and a heartbeat."""

import time
from datetime import UTC, datetime

from piooy_cli.domain.events import (
    BatchProgress,
    Event,
    Failed,
    Fetched,
    Fetching,
    InputSettled,
    Noticed,
    PollStarted,
    Progressed,
    Retrying,
    Saved,
    Saving,
    Settled,
    Shown,
    Submitted,
    Submitting,
    Warned,
)
from piooy_cli.domain.expectation import Expectation
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.streams import LineStream

_RETRY_EVERY = 60.0
_MOST = 1000  # tasks, or troubles, that are remembered
_DOWNLOADING = "downloading"


class LogProgress:
    """Writes progress lines to stderr if it is a file or a pipe."""

    def __init__(self, lines: LineStream, *, verbose: bool = False, heartbeat: float = 30) -> None:
        self.period = min(heartbeat, 1.0)
        self._heartbeat = heartbeat
        self._lines = lines
        self._verbose = verbose
        self._states: dict[str, str] = {}
        self._last_line = time.monotonic()
        self._last_retry: dict[str, float] = {}
        self._ends: dict[str, tuple[float, Expectation]] = {}
        self._batch: tuple[BatchProgress, float] | None = None
        self._last_count = 0.0

    def event(self, event: Event) -> None:
        """Write a line if the event changes anything; for a batch, only now and then."""
        if isinstance(event, BatchProgress):
            first, self._batch = not self._batch, (event, time.monotonic())
            if first:
                self._begin(event)
        elif not self._batch or self._verbose or isinstance(event, Noticed | Warned | Retrying):
            self._one(event)

    def _begin(self, counted: BatchProgress) -> None:
        from piooy_cli.output.batch_view import opening_line  # rich, which one task can do without

        self._states.clear()
        self._ends.clear()
        self._last_count = time.monotonic()
        self._say(opening_line(counted))

    def _one(self, event: Event) -> None:
        match event:
            case Submitting(order):
                self._say(f"submitting {order.media} to {order.model}")
            case Submitted(task):
                self._remember(task.id, task.status)
                self._say(f"{task.id} submitted")
            case PollStarted(task_id, age, expected):
                self._remember(task_id, self._states.get(task_id, "not polled yet"))
                if expected and expected.runs and not self._batch:
                    self._ends[task_id] = time.monotonic() - age, expected
            case Progressed(task, elapsed) if self._states.get(task.id) != task.status:
                self._remember(task.id, task.status)
                self._say(f"{task.id} {task.status} after {elapsed:.0f} s")
            case Fetching(task):
                self._states[task.id] = _DOWNLOADING
            case Saving(task, asset, size, total):
                of = f" of {total:,}" if total else ""
                self._states[task.id] = f"{_DOWNLOADING}, file {asset.n}: {size:,}{of} bytes"
            case Shown(task) | Fetched(task):
                self._forget(task.id)
            case Settled(task) | InputSettled(task):
                self._forget(task.id)
                self._say(f"{task.id} {task.status}")
            case Saved(file):
                what = "already there" if file.already_there else f"saved, {file.bytes:,} bytes"
                self._say(f"{file.path} {what}")
            case Retrying(what, reason, pause):
                self._retrying(what, reason, pause)
            case Noticed(text) | Warned(text):
                self._say(text)
            case Failed(error):
                self._forget(error.task_id or "")

    def heartbeat(self) -> None:
        """Write a heartbeat line if nothing has changed for long; for a batch, its progress."""
        if self._batch:
            self._count(*self._batch)
        elif self._states and time.monotonic() - self._last_line >= self._heartbeat:
            first, status = next(iter(self._states.items()))
            others = len(self._states) - 1
            more = f" and {others} more" if others else ""
            doing = "at" if status.startswith(_DOWNLOADING) else "waiting for"
            self._say(f"still {doing} {first} ({status}){more}{self._left(first)}")

    def _count(self, counted: BatchProgress, seen: float) -> None:
        now = time.monotonic()
        if now - self._last_count >= self._heartbeat:
            from piooy_cli.output.batch_view import extrapolate, progress_line

            self._last_count = now
            self._say(progress_line(extrapolate(counted, now - seen)))

    def aside(self, pause: bool = True) -> None:
        """Do nothing: lines do not disturb results."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _left(self, task_id: str) -> str:
        """Return when the first task is likely to end, by past runs."""
        if task_id not in self._ends:
            return ""
        started, expected = self._ends[task_id]
        return f", about {expected.left(time.monotonic() - started):.0f} s left"

    def _remember(self, task_id: str, status: str) -> None:
        self._states[task_id] = status
        if self._batch and len(self._states) > _MOST:
            del self._states[next(iter(self._states))]  # costs a line said twice, at worst

    def _forget(self, task_id: str) -> None:
        self._states.pop(task_id, None)
        self._ends.pop(task_id, None)

    def _retrying(self, what: str, reason: str, pause: float) -> None:
        """Report each reason once a minute, however many tasks it affects."""
        now, kind = time.monotonic(), reason.partition(":")[0][:40]
        if self._verbose or now - self._last_retry.get(kind, -_RETRY_EVERY) >= _RETRY_EVERY:
            self._last_retry.pop(kind, None)  # so that the first is the oldest
            self._last_retry[kind] = now
            if len(self._last_retry) > _MOST:
                del self._last_retry[next(iter(self._last_retry))]
            self._say(f"{what}: {reason}; retrying in {pause:.1f} s")

    def _say(self, text: str) -> None:
        self._last_line = time.monotonic()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._lines.write_anyway(f"{now} {sanitize(text)}")
