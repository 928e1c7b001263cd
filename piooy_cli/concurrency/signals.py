"""Signals: the first one asks for a clean stop, a second one stops at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Event

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class StopSignal:
    """The signal that asked this run to stop, if there was one."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._insist: Event | None = None

    async def insisted(self) -> None:
        """Wait for a second signal. Only while listening."""
        assert self._insist is not None
        await self._insist.wait()

    @property
    def grace(self) -> float:
        """Seconds to wait for a response that is due; fewer after SIGTERM."""
        return 10.0 if self.signal == signal.SIGTERM else 30.0

    @contextmanager
    def listening(self, loop: "AbstractEventLoop", cancel: Callable[[], object]) -> Iterator[None]:
        """Call `cancel` at each signal. Signals that the shell ignores stay ignored."""
        from asyncio import Event  # already imported if there is an event loop

        self._insist = Event()
        heard = [number for name in _NAMES if (number := _wanted(name)) is not None]
        try:
            for number in heard:
                loop.add_signal_handler(number, self._hear, number, cancel)
        except (NotImplementedError, RuntimeError, ValueError):
            heard = []  # Windows, or not the main thread: Python's own KeyboardInterrupt it is
        try:
            yield
        finally:
            for number in heard:
                loop.remove_signal_handler(number)
                if self.signal:  # on the way out: one more must not tear the rest down
                    signal.signal(number, signal.SIG_IGN)

    def _hear(self, number: int, cancel: Callable[[], object]) -> None:
        if self.signal and self._insist:
            self._insist.set()
        self.signal = self.signal or number
        cancel()


def _wanted(name: str) -> int | None:
    number = getattr(signal, name, None)
    return None if number is None or signal.getsignal(number) is signal.SIG_IGN else int(number)
