"""The only asyncio.run: a signal cancels the work, and is raised as Interrupted."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from piooy_cli.concurrency.signals import StopSignal

T = TypeVar("T")


def run_event_loop(
    work: Callable[[], Awaitable[T]],
    stop: StopSignal,
    beat: tuple[Callable[[], None], float],
    suspend: Callable[[], None],
    stopped: Callable[[], Exception],
) -> T:
    """Run `work` to its end, with a `beat` at its interval. Raises `stopped()` after a signal.

    `suspend` is called before Ctrl-Z, or a second signal, stops the process.
    """

    async def main() -> T:
        current, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert current is not None
        _suspend_cleanly(loop, suspend)
        beating = loop.create_task(_beating(*beat))
        with stop.listening(loop, current.cancel, suspend):
            try:
                return await work()
            except asyncio.CancelledError:
                raise stopped() from None
            finally:
                beating.cancel()

    return asyncio.run(main())


def _suspend_cleanly(loop: asyncio.AbstractEventLoop, suspend: Callable[[], None]) -> None:
    """Handle Ctrl-Z: remove what is drawn before the shell takes over."""

    def stop() -> None:
        suspend()
        os.kill(os.getpid(), signal.SIGSTOP)

    with suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
        if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
            loop.add_signal_handler(signal.SIGTSTP, stop)


async def _beating(beat: Callable[[], None], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        beat()
