"""`jobs.book.JobBook`, watched at its commits: jobs accepted and ended, tries ended, money booked, words learnt.

Counted after the commit, and only where the row really moved: a step may run twice, its job ends once.
"""

from datetime import datetime
from typing import Any

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.book import Acceptance, Committed, Full, JobBook, Overdrawn, Repeated
from bot.jobs.model import ENDED, Failure, Job, JobRecord, JobState
from bot.observing.confidential import Confidential
from bot.observing.context import is_about, learnt
from bot.observing.meters import Meters
from bot.providers.base import RenderRef
from bot.store.jobs import StoredJobs

CAPTURED, POSSIBLY_PAID = "captured", "possibly_paid"


class WatchedJobs(StoredJobs):
    def __init__(self, *stored: Any, meters: Meters, confidential: Confidential, **more: Any) -> None:
        super().__init__(*stored, **more)
        self._meters = meters
        self._confidential = confidential

    async def record(self, job_id: str) -> JobRecord | None:
        record = await super().record(job_id)
        if record is not None:
            self._confidential.remember(record.job.order.prompt)
            if is_about(job_id):
                attempt = record.attempt
                tried = {"attempt": attempt.id, "service": attempt.upstream} if attempt is not None else {}
                learnt(team=record.job.order.team_id, **tried)
        return record

    async def accept(self, asked: Acceptance) -> Committed | Repeated | Overdrawn | Full:
        self._confidential.remember(asked.order.prompt)
        answer = await super().accept(asked)
        if isinstance(answer, Committed) and answer.fresh:
            self._meters.accepted.inc()
        return answer

    async def attempt_ended(self, attempt_id: str, *, state: AttemptState, at: datetime, **more: Any) -> bool:
        first = await super().attempt_ended(attempt_id, state=state, at=at, **more)
        attempt = await self.attempt(attempt_id) if first else None
        if attempt is not None:
            self._try_ended(attempt)
        return first

    async def absent(self, attempt: Attempt, *, at: datetime) -> bool:
        won = await super().absent(attempt, at=at)
        if won:
            self._outcome(attempt, "lost")
        return won

    async def possibly_paid(self, attempt: Attempt, *, at: datetime) -> bool:
        won = await super().possibly_paid(attempt, at=at)
        if won:
            self._given_up(attempt)
        return won

    async def risked(self, attempt: Attempt, *, note: str, at: datetime) -> bool:
        won = await super().risked(attempt, note=note, at=at)
        if won:
            self._given_up(attempt)
        return won

    async def unconfirmed(self, job_id: str, *, at: datetime) -> None:
        record = await self._unended(job_id)
        await super().unconfirmed(job_id, at=at)
        if record is not None and record.attempt is not None:
            self._given_up(record.attempt)

    async def late_video(self, attempt: Attempt, ref: RenderRef, *, result_ref: str, at: datetime) -> Job | None:
        """Its money was counted when it was given up; what is new is that there is a video."""
        job = await super().late_video(attempt, ref, result_ref=result_ref, at=at)
        if job is not None:
            self._outcome(attempt, AttemptState.SUCCEEDED.value)
        return job

    async def captured(self, job_id: str, *, at: datetime) -> None:
        before = await super().record(job_id)
        await super().captured(job_id, at=at)
        if before is not None and before.job.state is not JobState.DELIVERING and before.attempt is not None:
            self._paid(before.attempt)

    async def charged(self, attempt: Attempt, *, usd_micros: int, at: datetime) -> None:
        before = await self._unended(attempt.job_id)
        await super().charged(attempt, usd_micros=usd_micros, at=at)
        after = await self._unended(attempt.job_id)
        if before is not None and after is not None and after.job.paid_usd_micros > before.job.paid_usd_micros:
            self._meters.spent.labels(service=attempt.upstream, booked=CAPTURED).inc(usd_micros)

    async def kept(self, job_id: str, *, at: datetime) -> None:
        before = await self._unended(job_id)
        await super().kept(job_id, at=at)
        if before is not None and before.attempt is not None:
            self._paid(before.attempt)
            self._job_ended(JobState.CANCELLED)

    async def delivered(self, job_id: str, *, at: datetime) -> None:
        before = await super().record(job_id)
        await super().delivered(job_id, at=at)
        if before is None or before.job.state is not JobState.DELIVERING:
            return
        self._job_ended(JobState.DELIVERED)
        self._meters.delivery_s.observe((at - before.job.state_since).total_seconds())
        if before.job.finished_at is None:  # Send again ends a second time; how long it slept between is nobody's wait.
            self._meters.job_s.observe((at - before.job.created_at).total_seconds())

    async def failed(self, job_id: str, failure: Failure, *, charged_usd_micros: int, **more: Any) -> None:
        before = await self._unended(job_id)
        await super().failed(job_id, failure, charged_usd_micros=charged_usd_micros, **more)
        if before is None:
            return
        self._job_ended(JobState.FAILED, failure)
        if charged_usd_micros and before.attempt is not None and not before.job.paid_usd_micros:
            self._meters.spent.labels(service=before.attempt.upstream, booked=CAPTURED).inc(charged_usd_micros)

    async def cancelled(self, job_id: str, *, at: datetime) -> None:
        before = await self._unended(job_id)
        await super().cancelled(job_id, at=at)
        if before is not None:
            self._job_ended(JobState.CANCELLED)

    async def _unended(self, job_id: str) -> JobRecord | None:
        record = await super().record(job_id)
        return record if record is not None and record.job.state not in ENDED else None

    def _try_ended(self, attempt: Attempt) -> None:
        match attempt.state:
            case AttemptState.SUCCEEDED:
                self._outcome(attempt, attempt.state.value)
                if attempt.ended_at is not None and attempt.submitted_at is not None:
                    took = (attempt.ended_at - attempt.submitted_at).total_seconds()
                    self._meters.render_s.labels(service=attempt.upstream, model=attempt.model).observe(took)
            case AttemptState.CANCELLED:
                self._outcome(attempt, attempt.state.value)
            case _:
                self._outcome(attempt, attempt.error_kind or attempt.state.value)

    def _paid(self, attempt: Attempt) -> None:
        """What its video really cost, as it was booked."""
        self._meters.spent.labels(service=attempt.upstream, booked=CAPTURED).inc(attempt.real_usd_micros)

    def _given_up(self, attempt: Attempt) -> None:
        self._outcome(attempt, AttemptState.UNKNOWN.value)
        self._meters.spent.labels(service=attempt.upstream, booked=POSSIBLY_PAID).inc(attempt.usd_micros)
        self._job_ended(JobState.UNCONFIRMED)

    def _outcome(self, attempt: Attempt, outcome: str) -> None:
        self._meters.attempts_ended.labels(service=attempt.upstream, model=attempt.model, outcome=outcome).inc()

    def _job_ended(self, state: JobState, failure: Failure | None = None) -> None:
        self._meters.jobs_ended.labels(state=state.value, failure=failure.value if failure is not None else "").inc()


_: type[JobBook] = WatchedJobs
