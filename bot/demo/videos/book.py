"""Every render of the service: accepted, listed, ended, deleted. What was accepted stays written."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock, NewId
from bot.demo.videos.crew import Crew
from bot.demo.videos.dialects.dialect import Dialect, Refusal
from bot.demo.videos.faults import FailRender, StickRender
from bot.demo.videos.job import MODERATED, Asked, Job, JobError, JobStatus
from bot.demo.videos.rendering import Rendering
from bot.demo.videos.switches import Switch

LIST_LENGTH_MAX = 100
LIST_LENGTH = 20
REFUSED_AT_PROGRESS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    jobs: Sequence[Job]
    has_more: bool


class Book:
    """Jobs in the order they were accepted. `switch` is the position new and unfinished jobs live under."""

    def __init__(
        self, *, clock: Clock, new_id: NewId, dialect: Dialect, crew: Crew, rendering: Rendering, listing_lag_s: float
    ) -> None:
        self._clock = clock
        self._new_id = new_id
        self._dialect = dialect
        self._crew = crew
        self._rendering = rendering
        self._listing_lag = timedelta(seconds=listing_lag_s)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.jobs: list[Job] = []
        self.switch = Switch.NORMAL

    def turn(self, switch: Switch) -> None:
        self.switch = switch
        for job in self.jobs:
            if not job.status.ended:
                self._hold_or_free(job)

    def accept(self, asked: Asked, fault: object = None) -> Job:
        """Start a render: from here on it is real and paid, whatever the client hears of it."""
        job = Job(
            id=self._dialect.new_id(self._new_id()),
            asked=asked,
            created_at=self._clock.now(),
            token=self._new_id(),
        )
        if isinstance(fault, FailRender):
            job.fails_with = JobError(code=fault.code, message=fault.message, http_status=fault.http_status)
            job.fails_at = fault.at_progress
        elif self.switch is Switch.REFUSE:
            job.fails_with, job.fails_at = MODERATED, REFUSED_AT_PROGRESS
        if not isinstance(fault, StickRender):
            self._hold_or_free(job)
        self.jobs.append(job)
        self._tasks[job.id] = self._crew.start(self._rendering.carry(job))
        return job

    def find(self, job_id: str) -> Job:
        """Raises: Refusal: 404 for an id never given out, or deleted."""
        for job in self.jobs:
            if job.id == job_id and not job.deleted:
                return job
        raise Refusal(404, f"Video with id '{job_id}' not found.", code="not_found", param="id")

    def find_by_token(self, token: str) -> Job:
        for job in self.jobs:
            if job.token == token and not job.deleted:
                return job
        raise Refusal(404, "file not found", code="not_found")

    def page(self, *, after: str | None, limit: int, newest_first: bool) -> Page:
        """What a listing shows. Jobs younger than the listing lag are not in it yet."""
        newest = self._clock.now() - self._listing_lag
        shown = [job for job in self.jobs if not job.deleted and job.created_at <= newest]
        if newest_first:
            shown.reverse()
        if after is not None:
            places = [place for place, job in enumerate(shown) if job.id == after]
            if not places:
                raise Refusal(404, f"Video with id '{after}' not found.", code="not_found", param="after")
            shown = shown[places[0] + 1 :]
        return Page(jobs=shown[:limit], has_more=len(shown) > limit)

    async def delete(self, job: Job) -> None:
        """Remove a finished job, or stop a running one where the dialect can.

        Raises:
            Refusal: 409 while it is being stopped, 400 where running jobs cannot be stopped.
        """
        if job.aborting:
            raise Refusal(409, f"Video '{job.id}' is being aborted.")
        if not job.status.ended:
            if not self._dialect.deletes_running:
                raise Refusal(400, "Only completed or failed videos can be deleted.", code="invalid_request")
            job.aborting = True
            task = self._tasks[job.id]
            task.cancel()
            await asyncio.wait([task])
            job.status = JobStatus.FAILED
            job.error = JobError(code="cancelled", message="The job was cancelled.", http_status=409)
            job.ended.set()
            job.announced.set()
        job.deleted = True
        job.file = None

    def _hold_or_free(self, job: Job) -> None:
        if self.switch is Switch.STUCK:
            job.may_finish.clear()
        else:
            job.may_finish.set()
