"""Finds jobs that owe somebody something and have no story that lives, and gives them a new one."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from bot.clock import Clock
from bot.jobs.book import JobBook
from bot.jobs.model import Job
from bot.jobs.ports import Alarm

SWEEP_S = 60.0

LostStories = Callable[[Sequence[Job]], Awaitable[list[str]]]
"""Of these jobs, the ids of those whose story neither lives nor waits to start."""

_log = logging.getLogger(__name__)


class Sweep:
    def __init__(self, book: JobBook, lost: LostStories, clock: Clock, alarm: Alarm) -> None:
        self._book = book
        self._lost = lost
        self._clock = clock
        self._alarm = alarm

    async def run(self) -> None:
        while True:
            await self._clock.sleep(SWEEP_S)
            await self.once()

    async def once(self) -> int:
        """Returns how many stories were begun anew."""
        jobs = {job.id: job for job in await self._book.unended()}
        begun = 0
        for job_id in await self._lost(list(jobs.values())):
            if await self._book.next_generation(jobs[job_id]):
                begun += 1
                await self._alarm("story_lost", {"job": job_id, "state": jobs[job_id].state})
        return begun
