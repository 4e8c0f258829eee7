"""Time as something that can be handed in, so that no test has to wait for it."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

LOOK_EVERY = 60.0


class Clock(Protocol):
    """What the broker asks of time, in seconds since 1970."""

    def now(self) -> float:
        """Tell the time."""
        ...

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        """Call back in the event loop once that time has come."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Tell the time."""
        return time.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        """Call back in the event loop once that time has come, or as much time has passed as there was until
        then.

        A clock that is set forth or back meanwhile is noticed within a minute.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + max(0.0, when - self.now())

        def look() -> None:
            left = min(end - loop.time(), when - self.now())
            if left <= 0:
                callback()
            else:
                loop.call_later(min(left, LOOK_EVERY), look)

        loop.call_soon(look)


async def until(clock: Clock, when: float) -> None:
    """Wait for that time."""
    reached = asyncio.get_running_loop().create_future()
    clock.call_at(when, lambda: None if reached.done() else reached.set_result(None))
    await reached
