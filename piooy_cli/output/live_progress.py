"""Progress on a terminal: a display that is redrawn, and removed at the end."""

import time

from rich.console import Console
from rich.text import Text

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
from piooy_cli.domain.redaction import redact
from piooy_cli.output import batch_view
from piooy_cli.output.progress_view import (
    ASCII,
    Frame,
    Glyphs,
    ProgressRow,
    ProgressTotals,
    progress_lines,
    share_of,
)
from piooy_cli.output.sanitize import sanitize
from piooy_cli.output.screen import Screen

_LONGEST_NAME = 60
_SENDING = "submitting"
_CALM = 0.02  # seconds between two drawings at least
_HELD = 5.0  # seconds that a trouble stays on the board at least


class LiveProgress:
    """Shows progress on stderr if it is a terminal."""

    period = 0.125

    def __init__(
        self, console: Console, painter: Screen, secrets: list[str], *, verbose: bool = False
    ) -> None:
        self._console = console
        self._secrets = secrets
        self._verbose = verbose
        self._glyphs = Glyphs() if "utf" in (console.encoding or "").lower() else ASCII
        self._painter = painter
        self._rows: dict[str, ProgressRow] = {}
        self._names: dict[str, str] = {}
        self._tally = ProgressTotals()
        self._done: set[str] = set()
        self._batch: tuple[BatchProgress, float] | None = None
        self._trouble = ("", 0.0)
        self._drawn = 0.0

    def event(self, event: Event) -> None:
        """Record what the event changes; the next beat shows it.

        Once a batch has reported its counts, only these are shown.
        """
        if isinstance(event, BatchProgress):
            self._count(event)
        elif not self._batch or isinstance(event, Noticed | Warned):
            self._one(event)
        elif isinstance(event, Retrying):
            self._in_trouble(event)

    def _one(self, event: Event) -> None:
        match event:
            case Submitting(order):
                self._show(_SENDING, self._short(order.prompt or order.model), "sending")
            case Submitted(task):
                self._rows.pop(_SENDING, None)
                self._names[task.id] = self._short(task.prompt or task.id)
                self._show(task.id, self._name(task.id), "submitted")
            case PollStarted(task_id, age, expected):
                self._tally = self._tally._replace(begun=self._tally.begun + 1)
                row = self._show(task_id, self._name(task_id), "looking")
                row.started, row.expected = time.monotonic() - age, expected
            case Progressed(task):
                self._show(task.id, self._name(task.id), task.status.lower())
            case Settled(task) | InputSettled(task) | Shown(task):
                self._ended(task.id, failed=False)
            case Fetching(task):
                self._show(task.id, self._name(task.id), "saving")
            case Fetched(task):
                for key in [k for k in self._rows if k.partition("/")[0] == task.id]:
                    del self._rows[key]
                self._count_done(task.id)
            case Saving(task, asset, received, total):
                self._rows.pop(task.id, None)
                row = self._show(f"{task.id}/{asset.n}", self._name(task.id), "saving")
                row.before = received if row.received is None else min(row.before, received)
                row.received, row.total = received, total
            case Saved(file):
                self._rows.pop(f"{file.task.id}/{file.asset.n}", None)
            case Retrying(what, reason, pause):
                self._retrying(what, reason, pause)
            case Noticed(text):
                self._say(text)
            case Warned(text):
                self._say(f"warning: {text}")
            case Failed(error):
                self._ended(error.task_id or _SENDING, failed=True)

    def heartbeat(self) -> None:
        """Draw the present state."""
        if self._batch:
            return self._draw_board(*self._batch)
        if not self._rows:
            return self._painter.close()
        frame, rows = self._frame(), list(self._rows.values())
        lines = progress_lines(rows, self._tally, frame)
        self._painter.draw(lines, self._share(rows, frame.now), self._title(len(rows)))

    def aside(self, pause: bool = True) -> None:
        """Clear the display while results are written to the same terminal."""
        if pause:
            self._painter.clear()
        elif self._batch and time.monotonic() - self._drawn >= _CALM:
            self.heartbeat()  # not a beat later: where results are many, it would only flicker

    def close(self) -> None:
        """Restore the terminal."""
        self._painter.close()

    def _frame(self) -> Frame:
        size = self._console.size
        return Frame(time.monotonic(), size.width, size.height, self._glyphs)

    def _draw_board(self, counted: BatchProgress, seen: float) -> None:
        frame, over = self._frame(), batch_view.finished_rows(counted)
        self._drawn = frame.now
        trouble, until = self._trouble
        shown = batch_view.extrapolate(counted, frame.now - seen)._replace(
            name=self._clean(counted.name),
            closed=self._clean(counted.closed),
            reasons=[(self._clean(reason), count) for reason, count in counted.reasons],
        )
        lines = batch_view.batch_lines(
            shown, frame, self._clean(trouble) if frame.now < until else ""
        )
        share = over / counted.rows if counted.rows else None
        self._painter.draw(lines, share, f"piooy: {over:,} of {counted.rows:,}")

    def _count(self, counted: BatchProgress) -> None:
        if not self._batch:
            self._forget()
        self._batch = counted, time.monotonic()
        if not (counted.sending or counted.waiting or counted.saving):
            self._painter.clear()  # perhaps the end, and what is printed next is the summary

    def _forget(self) -> None:
        for rows in (self._rows, self._names, self._done):
            rows.clear()

    def _in_trouble(self, event: Retrying) -> None:
        """Show one reason at a time, long enough to be read: there may be hundreds per second."""
        now = time.monotonic()
        if self._verbose:
            self._retrying(*event)
        elif now >= self._trouble[1]:
            self._trouble = event.reason, now + max(event.pause, _HELD)

    def _share(self, rows: list[ProgressRow], now: float) -> float | None:
        """Return the share that is done, if it is known."""
        ended = self._tally.done + self._tally.failed
        shares = [share for row in rows if (share := share_of(row, now)) is not None]
        return (ended + sum(shares)) / (ended + len(rows)) if shares or ended else None

    def _title(self, under_way: int) -> str:
        ended = self._tally.done + self._tally.failed
        return f"piooy: {ended} of {ended + under_way}"

    def _show(self, key: str, name: str, state: str) -> ProgressRow:
        if key not in self._rows:
            self._rows[key] = ProgressRow(name, state, time.monotonic())
        row = self._rows[key]
        row.name, row.state = name, self._clean(state)
        return row

    def _ended(self, key: str, *, failed: bool) -> None:
        known = self._rows.pop(key, None)
        done, lost = self._tally.done, self._tally.failed
        if failed:
            done -= key in self._done  # it succeeded, and its files did not come
            self._tally = self._tally._replace(done=done, failed=lost + 1)
        elif known:
            self._count_done(key)

    def _count_done(self, key: str) -> None:
        if key not in self._done:
            self._done.add(key)
            self._tally = self._tally._replace(done=self._tally.done + 1)

    def _retrying(self, what: str, reason: str, pause: float) -> None:
        row = self._rows.get(what) or self._rows.get(_SENDING)
        if row and not self._verbose:
            row.state = self._clean(f"{reason}; again in {pause:.0f} s")[:60]
        else:
            self._say(f"{what}: {reason}; retrying in {pause:.1f} s")

    def _say(self, text: str) -> None:
        self._painter.clear()
        self._console.print(Text(self._clean(text)), soft_wrap=True)

    def _name(self, task_id: str) -> str:
        return self._names.get(task_id, task_id)

    def _short(self, text: str) -> str:
        return self._clean(text[:400])[:_LONGEST_NAME]

    def _clean(self, text: str) -> str:
        text = redact(sanitize(text), self._secrets)
        encoding = self._console.encoding or "ascii"
        return text.encode(encoding, "replace").decode(encoding)  # escapes would be wider
