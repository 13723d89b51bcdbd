"""One render from queued to its end: the film is made in the studio while the progress is told honestly."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from bot.clock import Clock
from bot.demo.videos.job import Job, JobError, JobStatus
from bot.demo.videos.studio import Films, StudioError

LOOKS: Final = 20
"""Steps in which a render tells its progress."""
KEPT_S: Final = 24 * 3600
"""How long a finished file can be fetched, by the service's clock."""

_log = logging.getLogger(__name__)


class Rendering:
    """Carries jobs through. `render_s` is how long one takes at normal pace; `pace()` 0.2 means five times as long."""

    def __init__(
        self,
        *,
        clock: Clock,
        films: Films,
        render_s: float,
        pace: Callable[[], float],
        announce: Callable[[Job], Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._films = films
        self._render_s = render_s
        self._pace = pace
        self._announce = announce

    async def carry(self, job: Job) -> None:
        """Render and announce. Ends quietly when cancelled: whoever cancels words the job's end."""
        if job.fails_with is not None:
            await self._advance(job, until=job.fails_at)
            self._fail(job, job.fails_with)
        else:
            await self._complete(job)
        await self._announce(job)

    async def _complete(self, job: Job) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                film = group.create_task(self._films.film(job.asked))
                await self._advance(job, until=100)
        except* StudioError:
            self._fail(job, JobError(code="internal_error", message="The server had an error while rendering."))
        if job.error is not None:
            return
        await job.may_finish.wait()
        now = self._clock.now()
        job.file = film.result()
        job.status, job.progress = JobStatus.COMPLETED, 100
        job.completed_at, job.expires_at = now, now + timedelta(seconds=KEPT_S)
        job.ended.set()

    async def _advance(self, job: Job, *, until: int) -> None:
        """Let the time pass; 100 is shown only with a file, so this stops at 99."""
        step_s, done = self._render_s / LOOKS, 0.0
        while done < until:
            await self._clock.sleep(step_s)
            done += 100 / LOOKS * self._pace()
            job.status = JobStatus.IN_PROGRESS
            job.progress = min(99, int(done))

    def _fail(self, job: Job, error: JobError) -> None:
        _log.info("render %s failed: %s", job.id, error.code)
        job.status, job.error = JobStatus.FAILED, error
        job.ended.set()
