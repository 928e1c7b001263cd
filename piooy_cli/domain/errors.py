"""What can go wrong, each with its exit code: the one table that help, manual and README print.

PiooyError              1
├── UsageError          2   bad arguments, settings or manifest; nothing was sent
├── StillRunning        3   gave up waiting, or the user declined; tasks continue
├── NotSignedIn         4   no key, or the API refused it, or another key's task
├── TaskFailed          5   the task failed, or the API rejected the request
├── SomeFailed          6   some of several items failed
├── OverLimit           7   too many requests, no credit left, or a local cap
├── NotSettled          8   `task --exit-status`: not settled yet
├── Busy                9   another run holds this batch
├── Unreachable        10   the API could not be reached; nothing was sent
├── OutcomeUnknown     11   an order was sent and no answer came
├── NotDownloaded      12   the task succeeded; an asset could not be fetched or verified
├── StorageRefused     13   the local disk refused
├── NotFound           14   no such task, file or reference
└── Interrupted       130   Ctrl-C; 129, 141 and 143 for the other signals
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from piooy_cli.domain.hints import Hint, Hints, listed, render


class PiooyError(Exception):
    """An error that the user has to know about, with what to do next."""

    exit_code: ClassVar[int] = 1
    name: ClassVar[str] = "error"
    meaning: ClassVar[str] = "internal error"
    money: ClassVar[str] = "see the history"

    def __init__(self, message: str, hint: Hints = "", *, task_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hints = listed(hint)
        self.task_id = task_id
        self.ids: Sequence[str] = ()  # tasks that it leaves running
        self.is_shown = False  # the user has read it; programs still get their last line
        self.stops_all = False  # no other item could fare better

    def about(self, task_id: str, command: str) -> "PiooyError":
        """Return the same error naming its task, so that a paid id is in every message."""
        self.task_id = self.task_id or task_id
        if task_id not in f"{self.message} {self.hint()}":
            self.message = f"task {task_id}: {self.message}"
            self.hints.append(Hint(command, (task_id,), "to continue: {}"))
        return self

    def hint(self, options: str = "") -> str:
        """Return what to do next as one line; `options` are global ones that each command needs."""
        return render(self.hints, options)

    @property
    def code(self) -> int:
        """The exit code of this one error."""
        return self.exit_code

    @property
    def slug(self) -> str:
        """The public name of `code`, for programs."""
        return self.name


class UsageError(PiooyError):
    """Bad arguments, settings or manifest; nothing was sent."""

    exit_code = 2
    name = "usage"
    meaning = "bad arguments, config or manifest"
    money = "nothing was sent"


class StillRunning(PiooyError):
    """The time limit passed before the task ended."""

    exit_code = 3
    name = "timeout"
    meaning = "the time limit passed, or a confirmation was declined; tasks continue"
    money = "charged once; continuing is free"


class NotSignedIn(PiooyError):
    """No key, a malformed or refused one, or a task of another key."""

    exit_code = 4
    name = "auth"
    meaning = "key missing, malformed or refused, or the task belongs to another key"
    money = "nothing new charged"


class TaskFailed(PiooyError):
    """The task ended without media, or the API rejected the request."""

    exit_code = 5
    name = "failed"
    meaning = "the task ended FAILED or ERROR, or the API rejected the request"
    money = "by the service's rules"


class SomeFailed(PiooyError):
    """Some of several items failed, each reported already. The strongest exit code wins."""

    exit_code = 6
    name = "partial"
    meaning = "some of several items failed; each is named on stderr"
    money = "depends on each item"

    def __init__(self, message: str, code: int, hint: Hints = "") -> None:
        super().__init__(message, hint)
        self._code = code

    @property
    def code(self) -> int:
        """The exit code that takes precedence."""
        return self._code

    @property
    def slug(self) -> str:
        """The public name of that code."""
        names = {kind.exit_code: kind.name for kind in PiooyError.__subclasses__()}
        return names.get(self._code, Interrupted.name if self._code in SIGNALS else self.name)


class TooSoon(Exception):
    """An order may be sent after `seconds`. Users never see this one."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


class OverLimit(PiooyError):
    """Too many requests (429), no credits left, or a local cap was reached."""

    exit_code = 7
    name = "limit"
    meaning = "gave up on 429, out of credits, or a local cap was reached"
    money = "nothing charged for the rest"


class NotSettled(PiooyError):
    """Only for `task --exit-status`: the task has not settled yet."""

    exit_code = 8
    name = "pending"
    meaning = "only with `task --exit-status`: not finished yet"
    money = "nothing new charged"


class Busy(PiooyError):
    """Another run holds this batch."""

    exit_code = 9
    name = "busy"
    meaning = "another run holds this batch, or the ledger"
    money = "nothing was sent"


class Unreachable(PiooyError):
    """The API could not be reached, or did not respond as an API does."""

    exit_code = 10
    name = "network"
    meaning = "the API could not be reached"
    money = "nothing charged"
    final = False  # True: no later try can help, as with an invalid certificate


class SubmissionUnknown(PiooyError):
    """A request may have been accepted, but its response was lost."""

    exit_code = 11
    name = "unknown"
    meaning = "a request may have been accepted, but its response was lost; never resent"
    money = "charged once or not at all, never twice"


class NotDownloaded(PiooyError):
    """The task succeeded; an asset could not be fetched or verified."""

    exit_code = 12
    name = "download"
    meaning = (
        "the task succeeded, but a file could not be downloaded or verified, or, with --strict,"
        " is not as ordered"
    )
    money = "charged once; trying again is free"


class StorageRefused(PiooyError):
    """The local disk refused: full, read-only, no permission."""

    exit_code = 13
    name = "storage"
    meaning = "the local disk refused (full, read-only, no permission)"
    money = "see the history"


class NotFound(PiooyError):
    """No such task, file or reference."""

    exit_code = 14
    name = "not-found"
    meaning = "no such task (404), file or reference"
    money = "nothing new charged"


class Interrupted(PiooyError):
    """A signal asked piooy to stop, and it stopped cleanly."""

    exit_code = 130
    name = "signal"
    meaning = "SIGHUP 129, Ctrl-C 130, closed pipe 141, SIGTERM 143, after a clean stop"
    money = "see the history"

    def __init__(self, message: str, hint: Hints = "", *, signal: int = 2) -> None:
        super().__init__(message, hint)
        self.signal = signal
        self.stops_all = True

    @property
    def code(self) -> int:
        """128 and the signal's number, as shells count."""
        return 128 + self.signal


# 128 and the number of the signal, as shells count.
SIGNALS = {129: "SIGHUP", 130: "Ctrl-C", 141: "closed pipe", 143: "SIGTERM"}


# Which exit code takes precedence when several apply, strongest first.
PRECEDENCE = (1, 11, 13, 4, 129, 130, 141, 143, 3, 12, 2, 14, 6, 5, 7, 10, 9, 8)


def exit_code_of(codes: Iterable[int], failed: int, items: int) -> int:
    """Return the exit code for `items`, of which `failed` failed with these codes."""
    partial = {SomeFailed.exit_code} if 0 < failed < items else set()
    return min({*codes, *partial}, key=PRECEDENCE.index, default=0)
