"""Signals: the first one asks for a clean stop, a second one stops at once, whatever runs."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Event

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_LONGEST = 1.0  # seconds from the second signal to the end
_SAME = 0.05  # seconds: `timeout` sends each signal twice, to its child and to their group


class StopSignal:
    """The signal that asked this run to stop, if there was one."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._insist: Event | None = None
        self._count = 0
        self._last = (0, 0.0)  # signal, and when

    async def insisted(self) -> None:
        """Wait for a second signal. Only while listening."""
        assert self._insist is not None
        await self._insist.wait()

    @property
    def grace(self) -> float:
        """Seconds to wait for a response that is due; fewer after SIGTERM."""
        return 10.0 if self.signal == signal.SIGTERM else 30.0

    @contextmanager
    def listening(
        self, loop: "AbstractEventLoop", cancel: Callable[[], object], clear: Callable[[], object]
    ) -> Iterator[None]:
        """Call `cancel` at each signal. Signals that the shell ignores stay ignored.

        The second one ends the process within a second, even if the loop is blocked; `clear`
        removes what is drawn then.
        """
        from asyncio import Event  # already imported if there is an event loop

        self._insist = Event()

        def received(number: int, _frame: object) -> None:
            if self._is_new(number):
                self._end_if_insisted(number, clear)
                loop.call_soon_threadsafe(self._hear, number, cancel)

        def leaving(number: int, _frame: object) -> None:
            if self._is_new(number):
                self._end_if_insisted(number, clear)

        replaced = _handle(received)
        try:
            yield
        finally:
            for number, before in replaced.items():
                # On the way out one more must not tear the rest down, unless it takes too long.
                signal.signal(number, leaving if self.signal else before)

    def _is_new(self, number: int) -> bool:
        now = time.monotonic()
        if self._last[0] == number and now - self._last[1] < _SAME:
            return False
        self._last = (number, now)
        return True

    def _end_if_insisted(self, number: int, clear: Callable[[], object]) -> None:
        self._count += 1
        if self._count == 2:
            _end_soon(number, clear)

    def _hear(self, number: int, cancel: Callable[[], object]) -> None:
        if self.signal and self._insist:
            self._insist.set()
        self.signal = self.signal or number
        cancel()


def _handle(handler: Callable[[int, Any], None]) -> dict[int, Any]:
    """Set the handler for each signal that is not ignored; return those that it replaced.

    Python's own handlers also interrupt a pattern that searches a text, which those of the event
    loop do not.
    """
    if not hasattr(signal, "setitimer"):
        return {}  # Windows: Python's own KeyboardInterrupt it is
    replaced = {}
    with suppress(ValueError):  # not the main thread
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number and (before := signal.getsignal(number)) is not signal.SIG_IGN:
                signal.signal(number, handler)
                replaced[int(number)] = before or signal.SIG_DFL
    return replaced


def _end_soon(number: int, clear: Callable[[], object]) -> None:
    """End the process after a second, unless it ends by itself."""

    def end_clear(*_: object) -> NoReturn:
        signal.signal(signal.SIGALRM, end)  # the terminal may not let it clear anything
        with suppress(Exception):
            clear()
        end()

    def end(*_: object) -> NoReturn:
        os._exit(128 + number)

    signal.signal(signal.SIGALRM, end_clear)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST, _LONGEST)
