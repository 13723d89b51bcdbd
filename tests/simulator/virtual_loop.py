"""An event loop whose time jumps to the next thing that is due, and a clock on it: weeks pass in seconds.

Nothing ever waits for real: there are no sockets, and what production gives to threads runs inline, in the order in
which it is asked for. Timeouts of asyncio itself (`asyncio.timeout`) follow the same time.
"""

import asyncio
import math
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.clock import Clock

START = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)
"""A Monday, so that a simulated month crosses the end of a calendar month."""


class StuckError(Exception):
    """Everybody waits for somebody else: no timer is left that could ever wake anyone."""


class _Jumps(selectors.SelectSelector):
    """Instead of waiting, moves time on. Whole microseconds, so that loop and clock never disagree by a rounding."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise StuckError
        if timeout > 0:
            self.now_s = math.ceil(round((self.now_s + timeout) * 1e6, 2)) / 1e6
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumps = _Jumps()
        super().__init__(self._jumps)
        self._clock_resolution = 1e-8  # of `BaseEventLoop`: what counts as due already

    def time(self) -> float:
        return self._jumps.now_s

    def _write_to_self(self) -> None:
        """Of `BaseSelectorEventLoop`: there is never a thread that would have to be woken."""

    def run_in_executor(  # type: ignore[override]
        self, _executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits, as with a real thread
            done.set_exception(error)
        return done


class VirtualClock:
    """`bot.clock.Clock` on the running virtual loop."""

    def now(self) -> datetime:
        return START + timedelta(microseconds=round(asyncio.get_running_loop().time() * 1e6))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


_: type[Clock] = VirtualClock
