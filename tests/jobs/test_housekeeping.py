"""Tidying up: each chore in its own right, every six hours, and never a reason to stop."""

import asyncio
import os
from datetime import datetime, timedelta
from pathlib import Path

from virtual_clock import VirtualClock

from bot.jobs.housekeeping import EVERY_S, SPOOL_LIFE, STORY_LIFE, Housekeeping
from bot.media.spool import Spool


async def test_a_chore_that_fails_keeps_none_of_the_others_and_no_later_round(tmp_path: Path) -> None:
    clock, spool = VirtualClock(), Spool(tmp_path)
    forgotten: list[datetime] = []
    tidied: list[datetime] = []

    async def forget_finished(before: datetime) -> int:
        forgotten.append(before)
        raise OSError("the database is busy")

    async def tidy() -> None:
        tidied.append(clock.now())

    old = await spool.keep_picture("p1", b"old")
    await spool.keep_picture("p2", b"young")
    past = (clock.now() - SPOOL_LIFE - timedelta(hours=1)).timestamp()
    os.utime(old, (past, past))
    first_at = clock.now()
    keeping = Housekeeping(spool=spool, forget_finished=forget_finished, tidy=tidy, clock=clock)
    running = asyncio.ensure_future(keeping.run())
    await clock.until(lambda: len(tidied) == 2, within_s=EVERY_S + 1)
    running.cancel()
    assert (await spool.picture("p1"), await spool.picture("p2")) == (None, b"young")
    assert forgotten == [first_at - STORY_LIFE, first_at + timedelta(seconds=EVERY_S) - STORY_LIFE]
    assert tidied == [first_at, first_at + timedelta(seconds=EVERY_S)]
    spool.close()
