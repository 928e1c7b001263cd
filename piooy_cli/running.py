"""The one asyncio.run: a signal cancels the work, and rises as what a person has to know."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from piooy_cli.interrupt import Stop

Answer = TypeVar("Answer")


def run(
    work: Callable[[], Awaitable[Answer]],
    stop: Stop,
    beat: tuple[Callable[[], None], float],
    stopped: Callable[[], Exception],
) -> Answer:
    """Run `work` to its end, with a `beat` every few seconds. Raises `stopped()` after a signal."""

    async def main() -> Answer:
        current, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert current is not None
        beating = loop.create_task(_beating(*beat))
        with stop.listening(loop, current.cancel):
            try:
                return await work()
            except asyncio.CancelledError:
                raise stopped() from None
            finally:
                beating.cancel()

    return asyncio.run(main())


async def _beating(beat: Callable[[], None], seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        beat()
