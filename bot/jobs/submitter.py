"""One submit, by the protocol that keeps anybody from paying twice: intent committed, POST, id committed.

Whatever happens between the first and the last leaves the job in doubt; what is proven not accepted frees it.
"""

import asyncio
from datetime import datetime

from bot.jobs import retries
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.consent import WAITING, AnswerWord, Question
from bot.jobs.endings import fail
from bot.jobs.lines import Lines
from bot.jobs.model import Failure, Job, JobRecord, Waiting
from bot.jobs.moving import moved_of
from bot.jobs.planning import Outlook, Planner
from bot.jobs.questions import Asker
from bot.jobs.requests import PictureLostError
from bot.jobs.rooms import Rooms
from bot.jobs.story import Submitted
from bot.providers.base import RenderRef
from bot.providers.errors import OutcomeUnknown, ProviderError
from bot.upstreams.router import Candidate


class Submitter:
    def __init__(self, rooms: Rooms, lines: Lines) -> None:
        self._rooms = rooms
        self._lines = lines
        self._book = rooms.book
        self._planner = Planner(registry=rooms.registry, healths=rooms.healths, learned=rooms.learned)
        self._asker = Asker(planner=self._planner, new_id=rooms.new_id, answer_within=rooms.patience.answer_within)

    async def next(self, record: JobRecord) -> Submitted | None:
        """Send at most one. None: the rows have changed, so read them again and look for another candidate."""
        now, job = self._now(), record.job
        outlook = await self.outlook(record)
        for candidate in outlook.ready:
            if outlook.needs_no_trial(candidate) or await self._rooms.healths.lease_trial(
                candidate.upstream, job_id=job.id, now=now, model=candidate.model.name
            ):
                question = record.open_question
                if question is not None and not await self._book.closed(question, AnswerWord.BACK, at=now):
                    return None  # answered in this very moment
                return await self._send(record, candidate, outlook)
        if record.open_question is not None:
            return await self._unanswered(record.open_question)
        if now - _waits_since(record) > self._rooms.patience.queue_wait_max:
            return Submitted.OVER
        if self._is_to_be_asked(record, outlook):
            question = self._asker.question(record, outlook, now=now)
            if question is not None:
                return await self._asked(question, outlook)
        if outlook.may_come_back:
            return await self._queued(job, outlook)
        return Submitted.OVER

    async def outlook(self, record: JobRecord) -> Outlook:
        return await self._planner.look(record, now=self._now())

    def _is_to_be_asked(self, record: JobRecord, outlook: Outlook) -> bool:
        """Not while a service only rests, or has hardly been out; nor again after "wait" while there is hope."""
        if outlook.plan.candidates:
            return False
        if not outlook.plan.waits_for_health:
            return True
        told_to_wait = bool(record.questions) and record.questions[-1].answer is AnswerWord.WAIT
        return not told_to_wait and self._now() - _missed_since(record) >= self._rooms.patience.ask_after

    async def _asked(self, question: Question, outlook: Outlook) -> Submitted | None:
        if not await self._book.asks(question, outlook.planned(question.id, self._now())):
            return None
        self._rooms.surface.changed(question.job_id)
        return Submitted.LATER

    async def _unanswered(self, question: Question) -> Submitted | None:
        now = self._now()
        if now < question.deadline_at:
            return Submitted.LATER
        closed = await self._book.closed(question, AnswerWord.EXPIRED, at=now)
        return Submitted.OVER if closed else None

    async def _queued(self, job: Job, outlook: Outlook) -> Submitted:
        if job.waiting is not Waiting.SERVICE_DOWN:
            await self._book.planned(job.id, outlook.planned(WAITING, self._now()))
        await self._waits(job, Waiting.SERVICE_DOWN)
        return Submitted.LATER

    async def _send(self, record: JobRecord, candidate: Candidate, outlook: Outlook) -> Submitted | None:
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
            planned=outlook.planned(attempt.id, attempt.intent_at),
        ):
            await self._waits(job, Waiting.SLOT)
            return Submitted.LATER
        self._lines.freed(upstream.name)  # where there was room for one there may be for the next
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
            await rooms.healths.observe(
                upstream.name,
                error_kind=OutcomeUnknown.kind,
                now=self._now(),
                model=attempt.model,
                attempt_id=attempt.id,
            )
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
        if attempt.number > 1:
            await self._moved(attempt.job_id)
        return Submitted.RENDERING

    async def _moved(self, job_id: str) -> None:
        """For the service's incident: a job left it, and at what extra cost."""
        record = await self._book.record(job_id)
        moved = moved_of(record, self._rooms.registry) if record is not None else None
        if moved is not None:
            await self._rooms.moved(moved)

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
        await self._rooms.healths.observe(
            attempt.upstream, error_kind=error.kind, now=now, model=attempt.model, attempt_id=attempt.id
        )
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


def _missed_since(record: JobRecord) -> datetime:
    """When it first could not be had. The job's own trials of a service that is out do not begin that time anew."""
    missed = {AttemptState.NOT_ACCEPTED, AttemptState.FAILED}
    return min([each.intent_at for each in record.attempts if each.state in missed], default=record.job.state_since)


def _waits_since(record: JobRecord) -> datetime:
    """Accepted, or told by its person to go on waiting."""
    told = [each.answered_at for each in record.questions if each.answer is AnswerWord.WAIT]
    return max((at for at in told if at is not None), default=record.job.created_at)
