"""One submit, by the protocol that keeps anybody from paying twice: intent committed, POST, id committed.

Whatever happens between the first and the last leaves the job in doubt; what is proven not accepted frees it.
"""

import asyncio
from datetime import datetime

from bot.jobs import retries
from bot.jobs.endings import fail
from bot.jobs.model import Attempt, AttemptState, Failure, Job, JobRecord, Waiting
from bot.jobs.requests import PictureLostError
from bot.jobs.rooms import Rooms
from bot.jobs.story import Submitted
from bot.providers.base import RenderRef
from bot.providers.errors import OutcomeUnknown, ProviderError
from bot.upstreams.router import Candidate, plan


class Submitter:
    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._book = rooms.book

    async def next(self, record: JobRecord) -> Submitted | None:
        """Send at most one. None: the attempt was proven not accepted, so another candidate may be looked for."""
        now, job = self._now(), record.job
        resting = retries.resting(record.attempts, now=now)
        planned = plan(
            self._rooms.requests.wanted(job),
            [each for each in self._rooms.registry.upstreams if each.name not in job.order.avoided],
            await self._rooms.healths.circuits(),
            retries.tried(record.attempts),
            job.id,
            now,
        )
        ready = [each for each in planned.candidates if each.upstream not in resting]
        for candidate in ready:
            if await self._rooms.healths.lease_trial(candidate.upstream, job_id=job.id, now=now):
                return await self._send(record, candidate)
        if now - job.created_at > self._rooms.patience.queue_wait_max:
            return Submitted.OVER
        if ready or planned.candidates or planned.waits_for_health:
            await self._waits(job, Waiting.SERVICE_DOWN)
            return Submitted.LATER
        return Submitted.OVER

    async def _send(self, record: JobRecord, candidate: Candidate) -> Submitted | None:
        rooms, job = self._rooms, record.job
        upstream = rooms.registry.upstream(candidate.upstream)
        attempt = rooms.requests.attempt(record, candidate, upstream, attempt_id=rooms.new_id(), token=rooms.new_id())
        try:
            request = await rooms.requests.request(job, attempt, upstream)
        except PictureLostError:
            await fail(rooms, job, Failure.INVALID, words="The picture of this order is not kept any more.")
            return Submitted.OVER
        if not await self._book.begin(
            attempt,
            prompt=job.order.prompt,
            in_flight_max=upstream.in_flight_max,
            per_minute=upstream.submits_per_minute,
        ):
            await self._waits(job, Waiting.SLOT)
            return Submitted.LATER
        rooms.surface.changed(job.id)
        left_s = (attempt.deadline_at - self._now()).total_seconds()
        if left_s < upstream.protocol.submit_timeout_s / 2:
            # Stopped since the intent (SIGSTOP, a suspended machine): others may be looking for this render by now, and
            # past the deadline they take its absence for proof. Nothing was sent, so nothing ever will be.
            await self._book.absent(attempt, at=self._now())
            return None
        try:
            async with asyncio.timeout(left_s):
                ref = await upstream.provider.submit(request)
        except (OutcomeUnknown, TimeoutError):
            await rooms.healths.observe(upstream.name, error_kind=OutcomeUnknown.kind, now=self._now())
            await self.in_doubt(job.id)
            return Submitted.CHECKING
        except ProviderError as error:
            return await self._not_accepted(record, attempt, error)
        return await self._accepted(attempt, ref)

    async def _accepted(self, attempt: Attempt, ref: RenderRef) -> Submitted:
        if not await self._book.submitted(attempt.id, ref, at=self._now()):
            await self._rooms.alarm("render_taken", {"service": attempt.upstream, "job": attempt.job_id})
            await self.in_doubt(attempt.job_id)
            return Submitted.CHECKING
        self._rooms.surface.changed(attempt.job_id)
        return Submitted.RENDERING

    async def _not_accepted(self, record: JobRecord, attempt: Attempt, error: ProviderError) -> Submitted | None:
        now = self._now()
        await self._book.attempt_ended(
            attempt.id,
            state=AttemptState.NOT_ACCEPTED,
            at=now,
            error_kind=error.kind,
            error_detail=error.detail,
            retry_at=retries.retry_at(record.attempts, attempt.upstream, error, now=now),
        )
        await self._rooms.healths.observe(attempt.upstream, error_kind=error.kind, now=now, model=attempt.model)
        if not error.failover:
            return Submitted.OVER
        await self._book.requeued(attempt.job_id, at=now)
        return None

    async def in_doubt(self, job_id: str) -> None:
        await self._book.checking(job_id, at=self._now())
        self._rooms.surface.changed(job_id)

    async def _waits(self, job: Job, waiting: Waiting) -> None:
        await self._book.waits(job.id, waiting)
        self._rooms.surface.changed(job.id)

    def _now(self) -> datetime:
        return self._rooms.clock.now()
