"""Real time, and leaps over what nobody wants to wait for."""

import asyncio
from datetime import datetime, timedelta

from bot.clock import SystemClock


class LeapingClock(SystemClock):
    """After a leap sleepers wake as if the time had passed."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._leapt = asyncio.Event()

    def now(self) -> datetime:
        return super().now() + self._ahead

    async def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._leapt.wait()
            except TimeoutError:
                return

    def leap(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
        self._leapt.set()
        self._leapt = asyncio.Event()
