"""What nobody needs any more: videos in the spool, and the engine's notes on stories that ended."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.media.spool import Spool

EVERY_S = 6 * 3600.0
SPOOL_LIFE = timedelta(days=8)
"""A day longer than any doubt lasts, so that the picture of an order in doubt is there until it ends."""
STORY_LIFE = timedelta(days=30)

ForgetFinished = Callable[[datetime], Awaitable[int]]
"""Delete the engine's notes on stories that ended before then; returns how many."""


class Housekeeping:
    def __init__(self, spool: Spool, forget_finished: ForgetFinished, clock: Clock) -> None:
        self._spool = spool
        self._forget_finished = forget_finished
        self._clock = clock

    async def run(self) -> None:
        while True:
            await self.once()
            await self._clock.sleep(EVERY_S)

    async def once(self) -> None:
        now = self._clock.now()
        await self._spool.clean(now - SPOOL_LIFE)
        await self._forget_finished(now - STORY_LIFE)
