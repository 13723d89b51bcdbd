"""The steps of the story on the real rooms. Each begins by reading the job's row, so each may run twice.

A step that finds its work done says so again. Outcomes are words; domain errors end here.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.jobs import retries
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.beside import beside
from bot.jobs.consent import AnswerWord
from bot.jobs.courier import NotFetched, Trouble
from bot.jobs.endings import charge_of, fail, verdict
from bot.jobs.lines import Lines
from bot.jobs.model import ENDED, Failure, JobRecord, JobState, Waiting
from bot.jobs.moving import moved_of
from bot.jobs.rooms import Rooms
from bot.jobs.story import Checked, Settled, Submitted, Waited
from bot.jobs.submitter import Submitter
from bot.jobs.surface import Announced, Delivered, SpooledVideo
from bot.providers.base import RenderRef
from bot.providers.errors import ProviderError

DOWN_LOOK_S = 15.0
DOWN_LOOKS = 4
"""So many before the step is over: each step is two durable writes, and a service may be out for days."""
FETCH_TRIES = 6
GONE_BELIEVED_AFTER = 3
"""So many looks before a paid video is given up: a file may appear a moment after the word that it is done."""
NOT_FETCHED = {
    Trouble.TRY_LATER: Failure.NOT_FETCHED,
    Trouble.DISK_FULL: Failure.NOT_FETCHED,
    Trouble.GONE: Failure.VIDEO_LOST,
    Trouble.TOO_LARGE: Failure.TOO_LARGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Awaited:
    """A render on its way. `stoppable`: its service has not been asked to stop it."""

    attempt: Attempt
    stoppable: bool


class JobSteps:
    """`story.Steps` in production."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._book = rooms.book
        self._lines = Lines(rooms.wakes)
        self._submitter = Submitter(rooms, self._lines)

    async def announce(self, job_id: str) -> Announced:
        record = await self._record(job_id)
        if record.job.state in ENDED:
            return Announced.REFUSED if record.job.failure is Failure.CANNOT_POST else Announced.POSTED
        if record.job.waiting is Waiting.TURN:
            job = await self._book.waits(job_id, None)  # This step runs, so its turn has come.
            record = replace(record, job=job)
        announced = await self._rooms.surface.announce(record)
        if announced is Announced.REFUSED:
            await fail(self._rooms, record.job, Failure.CANNOT_POST, words="")
        return announced

    async def submit(self, job_id: str) -> Submitted:
        """Send at most one submit. Not repeated for an attempt that has an intent: that one is in doubt."""
        while True:
            record = await self._record(job_id)
            job, attempt = record.job, record.attempt
            if job.state in ENDED or job.state is JobState.DELIVERING:
                return Submitted.OVER
            if attempt is not None and attempt.state is AttemptState.INTENT:
                await self._submitter.in_doubt(job_id)
                return Submitted.CHECKING
            if attempt is not None and attempt.state is not AttemptState.NOT_ACCEPTED:
                return Submitted.RENDERING
            refused = attempt is not None and not retries.deserves_another(attempt)
            if refused or job.cancel_requested_at is not None:
                return Submitted.OVER
            if job.state is JobState.SUBMITTING:
                await self._book.requeued(job_id, at=self._now())
                continue
            outcome = await self._submitter.next(record)
            if outcome is not None:
                if outcome is not Submitted.LATER:
                    self._lines.served(job_id)
                return outcome

    async def later(self, job_id: str) -> None:
        record = await self._record(job_id)
        question = record.open_question
        asking = self._rooms.surface.ask_person(record, question) if question is not None else None
        async with beside(asking):
            await (self._in_line(record) if record.job.waiting is Waiting.SLOT else self._back(record))

    async def _in_line(self, record: JobRecord) -> None:
        """Until there may be a slot."""
        outlook = await self._submitter.outlook(record)
        if not outlook.ready:
            await self._back(record)
            return
        upstream = self._rooms.registry.upstream(outlook.ready[0].upstream)

        async def room() -> bool:
            bounds = {"in_flight_max": upstream.in_flight_max, "per_minute": upstream.submits_per_minute}
            return await self._book.room(upstream.name, **bounds, now=self._now()) > 0

        await self._lines.turn(upstream.name, record.job.id, since=record.job.created_at, room=room)

    async def _back(self, record: JobRecord) -> None:
        """Until a service may be back, or has rested; or an answer, a cancel, some looks."""
        for _ in range(DOWN_LOOKS):
            until_s = await self._rests_s(record)
            if await self._rooms.wakes.pause(record.job.id, min(max(until_s, 0.05), DOWN_LOOK_S)):
                return
            if (await self._submitter.outlook(record)).ready:
                return

    async def _rests_s(self, record: JobRecord) -> float:
        now = self._now()
        times = list(retries.resting(record.attempts, now=now).values())
        if record.job.waiting in {Waiting.SERVICE_DOWN, Waiting.ANSWER}:
            circuits = await self._rooms.healths.circuits()
            times += [each.retry_at for each in circuits.values() if each.retry_at is not None and each.retry_at > now]
        return min(((at - now).total_seconds() for at in times), default=DOWN_LOOK_S)

    async def check(self, job_id: str) -> Checked:
        return await self._rooms.doubt.resolve(job_id)

    async def wait(self, job_id: str) -> Waited:
        record = await self._record(job_id)
        looked = await self._looked(record, stoppable=True)
        moved = moved_of(record, self._rooms.registry)
        if moved is not None:
            async with beside(self._rooms.surface.tell_moved(record, moved)):
                return await self._waited(job_id, looked)
        del record  # thousands stand here for minutes
        return await self._waited(job_id, looked)

    async def _waited(self, job_id: str, looked: Waited | _Awaited) -> Waited:
        while not isinstance(looked, Waited):
            await self._rooms.watcher.ended(looked.attempt)
            self._lines.freed(looked.attempt.upstream)
            looked = await self._looked(await self._record(job_id), stoppable=looked.stoppable)
        return looked

    async def _looked(self, record: JobRecord, *, stoppable: bool) -> Waited | _Awaited:
        """How the wait ended, or what is still waited for."""
        job, attempt = record.job, record.attempt
        if attempt is None or job.state in ENDED or attempt.state is not AttemptState.SUBMITTED:
            return await self._after(record)
        if attempt.upstream not in self._rooms.registry:
            await self._rooms.alarm("service_removed", {"service": attempt.upstream, "job": job.id})
            return Waited.ENDED
        if stoppable and (job.cancel_requested_at is not None or job.overdue_since is not None):
            if await self._stopped(attempt, overdue=job.cancel_requested_at is None):
                return await self._looked(await self._record(job.id), stoppable=False)
            stoppable = False
        self._rooms.surface.changed(job.id)
        return _Awaited(attempt=attempt, stoppable=stoppable)

    async def settle(self, job_id: str) -> Settled:
        """Book the money by what the rows say. The first moment a video is known to exist is when it is paid."""
        record = await self._record(job_id)
        job, attempt = record.job, record.attempt
        made = attempt is not None and attempt.state is AttemptState.SUCCEEDED
        if job.state is JobState.DELIVERING:
            return Settled.DELIVER
        if job.state in ENDED:
            return Settled.QUIET if job.state in {JobState.CANCELLED, JobState.DELIVERED} else Settled.TELL
        if record.open_question is not None:
            await self._book.closed(record.open_question, AnswerWord.OVER, at=self._now())
        settled = Settled.TELL
        if made and job.cancel_requested_at is not None:
            await self._book.kept(job_id, at=self._now())
            settled = Settled.QUIET
        elif made:
            await self._book.captured(job_id, at=self._now())
            settled = Settled.DELIVER
        elif attempt is not None and attempt.state in {AttemptState.INTENT, AttemptState.SUBMITTED}:
            await self._book.unconfirmed(job_id, at=self._now())
            await self._rooms.alarm("possibly_paid", {"job": job_id, "usd_micros": attempt.usd_micros})
        else:
            failure, words, charged = verdict(record, self._rooms.registry)
            if job.cancel_requested_at is not None and (not charged or job.paid_usd_micros):
                await self._book.cancelled(job_id, at=self._now())
                self._rooms.surface.changed(job_id)
                return Settled.QUIET
            await fail(self._rooms, job, failure, words=words, charged_usd_micros=charged)
        self._rooms.surface.changed(job_id)
        return settled

    async def deliver(self, job_id: str) -> None:
        record = await self._record(job_id)
        if record.job.state is not JobState.DELIVERING:
            return
        video = await self._fetched(record)
        if isinstance(video, NotFetched):
            failure = NOT_FETCHED[video.trouble]
            await self._rooms.alarm("video_not_fetched", {"job": job_id, "words": video.words})
            await fail(self._rooms, record.job, failure, words=video.words)
            await self.tell(job_id)
            return
        match await self._rooms.surface.deliver(record, video):
            case Delivered.SHARED | Delivered.UNCONFIRMED:
                await self._book.delivered(job_id, at=self._now())
            case Delivered.REFUSED:
                await fail(self._rooms, record.job, Failure.UNDELIVERABLE, words="")
        self._rooms.surface.changed(job_id)

    async def tell(self, job_id: str) -> None:
        self._rooms.surface.changed(job_id)
        await self._rooms.surface.tell_end(await self._record(job_id))

    async def _after(self, record: JobRecord) -> Waited:
        job, attempt = record.job, record.attempt
        if attempt is None or attempt.state is not AttemptState.FAILED or job.state is not JobState.RENDERING:
            return Waited.ENDED
        if job.cancel_requested_at is not None or not retries.deserves_another(attempt):
            return Waited.ENDED
        if (charged := charge_of(attempt, self._rooms.registry)) > 0:
            await self._book.charged(attempt, usd_micros=charged, at=self._now())
        await self._book.requeued(job.id, at=self._now())
        self._rooms.surface.changed(job.id)
        return Waited.AGAIN

    async def _stopped(self, attempt: Attempt, *, overdue: bool) -> bool:
        """Ask the service to stop. Only its confirmation counts: then nothing is charged and another may try."""
        upstream = self._rooms.registry.upstream(attempt.upstream)
        if not upstream.protocol.cancels:
            return False
        ref = RenderRef(render_id=attempt.render_id or "", poll_ref=attempt.poll_ref, request_id=attempt.request_id)
        try:
            if not await upstream.provider.cancel(ref):
                return False
        except ProviderError:
            return False
        await self._book.attempt_ended(
            attempt.id,
            state=AttemptState.FAILED if overdue else AttemptState.CANCELLED,
            at=self._now(),
            error_kind="timeout" if overdue else "",
        )
        if overdue:
            await self._rooms.healths.observe(
                attempt.upstream,
                error_kind="timeout",
                now=self._now(),
                model=attempt.model,
                attempt_id=attempt.id,
            )
        return True

    async def _fetched(self, record: JobRecord) -> SpooledVideo | NotFetched:
        for again in range(FETCH_TRIES):
            video = await self._rooms.courier.fetch(record)
            if not isinstance(video, NotFetched) or video.trouble is Trouble.TOO_LARGE:
                return video
            if video.trouble is Trouble.GONE and again + 1 >= GONE_BELIEVED_AFTER:
                return video
            await self._rooms.wakes.pause(record.job.id, 2.0**again)
        return video

    async def _record(self, job_id: str) -> JobRecord:
        record = await self._book.record(job_id)
        if record is None:
            raise LookupError(f"no such job: {job_id}")
        return record

    def _now(self) -> datetime:
        return self._rooms.clock.now()
