"""Counting the outcomes of a batch's rows, for progress, summary and exit code."""

import re
import time
from collections import Counter, deque
from collections.abc import Iterable

from piooy_cli.domain.errors import NotDownloaded, PiooyError, exit_code_of
from piooy_cli.domain.events import BatchProgress

_MOST_REASONS = 50
_LONGEST_REASON = 80
_SENT = re.compile(r" \(sent between [^()]*+\)")
_NUMBER = re.compile(r"\d[\d.,]*+")
_RECENT = 60  # rows that the rate is of
_OTHER = "other reasons"


class BatchCounters:
    """Counts of one run, on top of earlier runs. `per_row`: estimated seconds of a row."""

    def __init__(self, name: str, rows: int, earlier: dict[str, int], failed: int) -> None:
        self.name = name
        self.rows = rows
        self.saved_before = sum(earlier.values()) - failed
        self.failed_before = failed
        self.begun = time.time()
        self.done = self.failed = self.in_doubt = self.pending = self.unreached = 0
        self.sent = self.sending = self.waiting = self.saving = 0
        self.files = self.bytes = self.short = 0
        self.codes: set[int] = {5} if failed else set()
        self.reasons: Counter[str] = Counter({"failed in an earlier run": failed} if failed else {})
        self.closed: PiooyError | None = None
        self.per_row: float | None = None
        self._started = time.monotonic()
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def ended(self) -> None:
        """Note that a row has ended, whatever its outcome."""
        self._recent.append(time.monotonic())

    def count_short(self, rows: Iterable[object]) -> None:
        """Count the rows that were not delivered as ordered: the run does not end with success."""
        self.short = sum(1 for _ in rows)
        if self.short:
            self.codes.add(NotDownloaded.exit_code)

    def failure(self, error: PiooyError) -> None:
        """Count a row's error by its reason."""
        self.codes.add(error.code)
        reason = failure_label(error)
        if reason not in self.reasons and len(self.reasons) >= _MOST_REASONS:
            reason = _OTHER
        self.reasons[reason] += 1

    @property
    def unsuccessful(self) -> int:
        """Rows that were tried and are not done, unless the service was unreachable."""
        pending = self.pending - (self.unreached if self.closed else 0)
        return self.failed_before + self.failed + self.in_doubt + pending

    @property
    def open(self) -> int:
        """Rows without an outcome yet, including those in progress."""
        over = self.saved_before + self.done + self.failed_before + self.failed
        return max(self.rows - over - self.in_doubt - self.pending, 0)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    @property
    def rate(self) -> float | None:
        """Recent rows per second; None while too few have ended."""
        if len(self._recent) < 3:
            return None
        since = self._recent[0] if len(self._recent) == _RECENT else self._started
        return len(self._recent) / max(time.monotonic() - since, 0.1)

    @property
    def left(self) -> float | None:
        """Estimated seconds until all rows have ended; None if unknown."""
        if self.rate is None:
            return self.open * self.per_row if self.per_row else None
        return self.open / self.rate

    @property
    def code(self) -> int:
        """The exit code of the run."""
        codes = self.codes | ({self.closed.code} if self.closed else set())
        return exit_code_of(codes, self.unsuccessful, self.rows)

    def counted(self) -> BatchProgress:
        """Return the progress as an event."""
        return BatchProgress(
            name=self.name, rows=self.rows, done=self.saved_before + self.done,
            failed=self.failed_before + self.failed, in_doubt=self.in_doubt, pending=self.pending,
            sent=self.sent, sending=self.sending, waiting=self.waiting, saving=self.saving,
            reasons=tuple(self.reasons.most_common(3)), elapsed=self.elapsed, rate=self.rate,
            left=self.left, closed=self.closed.message if self.closed else "",
        )  # fmt: skip


def failure_label(error: PiooyError) -> str:
    """Return an error's reason without ids and numbers, so that rows share it."""
    text = (
        error.message.replace(f"task {error.task_id}", "task") if error.task_id else error.message
    )
    text = _SENT.sub("", " ".join(text.split()))
    return _NUMBER.sub("N", text)[:_LONGEST_REASON]
