"""What can go wrong, each with its exit code: the one table that help, manual and README print.

PiooyError              1
├── UsageError          2   bad arguments, settings or manifest; nothing was sent
├── StillRunning        3   gave up waiting, or a person declined; tasks run on
├── NotSignedIn         4   no key, or the API refused it, or another key's task
├── TaskFailed          5   the task ended without media, or the API said no for good
├── SomeFailed          6   some of several items failed
├── OverLimit           7   too many requests, no credit left, or a local cap
├── NotSettled          8   `task --exit-status`: not settled yet
├── Busy                9   another run holds this batch
├── Unreachable        10   the API could not be reached; nothing was sent
├── OutcomeUnknown     11   an order was sent and no answer came
├── NotDownloaded      12   the task succeeded; an asset could not be fetched or verified
├── StorageRefused     13   the disk said no
├── NotFound           14   no such task, file or reference
└── Interrupted       130   Ctrl-C; 129, 141 and 143 for the other signals
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from piooy_cli.domain.hints import Hint, Hints, listed, render


class PiooyError(Exception):
    """Something that a person has to know, with what to do next."""

    exit_code: ClassVar[int] = 1
    name: ClassVar[str] = "error"
    meaning: ClassVar[str] = "anything not below; a bug"
    money: ClassVar[str] = "the history tells"

    def __init__(self, message: str, hint: Hints = "", *, task_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hints = listed(hint)
        self.task_id = task_id
        self.ids: Sequence[str] = ()  # tasks that it leaves running
        self.is_shown = False  # the user has read it; programs still get their last line
        self.stops_all = False  # no other item could fare better

    def about(self, task_id: str, command: str) -> "PiooyError":
        """The same, naming the task that it happened to: a paid id is in every message of it."""
        self.task_id = self.task_id or task_id
        if task_id not in f"{self.message} {self.hint()}":
            self.message = f"task {task_id}: {self.message}"
            self.hints.append(Hint(command, (task_id,), "to continue: {}"))
        return self

    def hint(self, options: str = "") -> str:
        """What to do next, as one line; `options` are those that each command needs as well."""
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
    """The time limit passed; the task did not end."""

    exit_code = 3
    name = "timeout"
    meaning = "the time limit passed, or a confirmation was declined; tasks run on"
    money = "charged once; going on is free"


class NotSignedIn(PiooyError):
    """No key, a malformed or refused one, or a task of another key."""

    exit_code = 4
    name = "auth"
    meaning = "key missing, malformed or refused, or the task belongs to another key"
    money = "nothing new charged"


class TaskFailed(PiooyError):
    """The task ended without media, or the API refused the request for good."""

    exit_code = 5
    name = "failed"
    meaning = "the task ended FAILED or ERROR, or the API refused the request for good"
    money = "by the service's rules"


class SomeFailed(PiooyError):
    """Of several items some failed; each has been named already. Ends with the strongest code."""

    exit_code = 6
    name = "partial"
    meaning = "of several items some failed; each is named on stderr"
    money = "for each item as it ended"

    def __init__(self, message: str, code: int, hint: Hints = "") -> None:
        super().__init__(message, hint)
        self._code = code

    @property
    def code(self) -> int:
        """The strongest of what happened."""
        return self._code

    @property
    def slug(self) -> str:
        """The name of that code."""
        names = {kind.exit_code: kind.name for kind in PiooyError.__subclasses__()}
        return names.get(self._code, Interrupted.name if self._code in SIGNALS else self.name)


class TooSoon(Exception):
    """An order may be sent, after so many `seconds`. Never reaches a person."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


class OverLimit(PiooyError):
    """Gave up on 429, out of credits, or a local cap was reached."""

    exit_code = 7
    name = "limit"
    meaning = "gave up on 429, out of credits, or a local cap was reached"
    money = "nothing charged for the rest"


class NotSettled(PiooyError):
    """Only for `task --exit-status`: the task has not settled yet."""

    exit_code = 8
    name = "pending"
    meaning = "only with `task --exit-status`: not settled yet"
    money = "nothing new charged"


class Busy(PiooyError):
    """Another run holds this batch."""

    exit_code = 9
    name = "busy"
    meaning = "another run holds this batch, or the ledger"
    money = "nothing was sent"


class Unreachable(PiooyError):
    """The API could not be reached, or did not answer as an API does."""

    exit_code = 10
    name = "network"
    meaning = "the API could not be reached"
    money = "nothing charged"
    final = False  # True: no later try can help, as with an invalid certificate


class SubmissionUnknown(PiooyError):
    """A submission may have been accepted, and its answer was lost."""

    exit_code = 11
    name = "unknown"
    meaning = "a submission may have been accepted, and its answer was lost; never resent"
    money = "0 or 1 charge, never 2"


class NotDownloaded(PiooyError):
    """The task succeeded; an asset could not be fetched or verified."""

    exit_code = 12
    name = "download"
    meaning = "the task succeeded, an asset could not be fetched or verified"
    money = "charged once; trying again is free"


class StorageRefused(PiooyError):
    """The local disk said no: full, read-only, no permission."""

    exit_code = 13
    name = "storage"
    meaning = "the local disk refused (full, read-only, no permission)"
    money = "the history tells"


class NotFound(PiooyError):
    """No such task, file or reference."""

    exit_code = 14
    name = "not-found"
    meaning = "no such task (404), file or reference"
    money = "nothing new charged"


class Interrupted(PiooyError):
    """A signal asked us to stop, and we did, cleanly."""

    exit_code = 130
    name = "signal"
    meaning = "SIGHUP 129, Ctrl-C 130, closed pipe 141, SIGTERM 143, after a clean stop"
    money = "the history tells"

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


# Which code a run of several items ends with when several apply, strongest first.
PRECEDENCE = (1, 11, 13, 4, 129, 130, 141, 143, 3, 12, 2, 14, 6, 5, 7, 10, 9, 8)


def exit_code_of(codes: Iterable[int], failed: int, items: int) -> int:
    """The one exit code for `items` of which so many failed, with these codes."""
    partial = {SomeFailed.exit_code} if 0 < failed < items else set()
    return min({*codes, *partial}, key=PRECEDENCE.index, default=0)
