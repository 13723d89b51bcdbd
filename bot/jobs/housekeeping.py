"""What nobody needs any more: films in the spool, the engine's notes on stories that ended, pictures forms showed."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.media.spool import Spool

_log = logging.getLogger(__name__)

EVERY_S = 6 * 3600.0
SPOOL_LIFE = timedelta(days=8)
"""A day longer than any doubt lasts, so that the picture of an order in doubt is there until it ends."""
STORY_LIFE = timedelta(days=30)

ForgetFinished = Callable[[datetime], Awaitable[int]]
"""Delete the engine's notes on stories that ended before then; returns how many."""
Tidy = Callable[[], Awaitable[None]]
"""The surface's own tidying: what it left in Slack for a while."""


class Housekeeping:
    def __init__(self, *, spool: Spool, forget_finished: ForgetFinished, tidy: Tidy, clock: Clock) -> None:
        self._spool = spool
        self._forget_finished = forget_finished
        self._tidy = tidy
        self._clock = clock

    async def run(self) -> None:
        while True:
            await self.once()
            await self._clock.sleep(EVERY_S)

    async def once(self) -> None:
        """Each chore by itself: what cannot be done now (a busy database, a full disk) is done the next time."""
        now = self._clock.now()
        await _tried("spool", self._spool.clean(now - SPOOL_LIFE))
        await _tried("stories", self._forget_finished(now - STORY_LIFE))
        await _tried("surface", self._tidy())


async def _tried(chore: str, work: Awaitable[object]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - a bot that cannot tidy up still makes videos
        _log.warning("a chore was put off", extra={"chore": chore, "error": type(error).__name__})
