"""`jobs.book.JobBook` on our tables: the one place where states, money and slots of jobs change."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.book import Acceptance, JobBook
from bot.jobs.consent import Planned
from bot.jobs.model import ENDED, Failure, Job, JobState, Waiting
from bot.jobs.ports import Enqueue
from bot.providers.base import RenderRef
from bot.quota.limits import Limit
from bot.store import acceptance, attempts, late, settling
from bot.store.engine import Store
from bot.store.group_commit import GroupCommit
from bot.store.job_looks import JobLooks
from bot.store.job_rows import ENDED_STATES, job_of, write_job
from bot.store.locking import locked, locked_one
from bot.store.questions import StoredQuestions, keep_planned
from bot.store.tables.jobs import AttemptRow, JobRow, WebhookEventRow
from bot.store.upsert import inserted


class StoredJobs(JobLooks, StoredQuestions):
    def __init__(self, store: Store, *, limits: tuple[Limit, ...], zone: ZoneInfo, enqueue: Enqueue) -> None:
        super().__init__(store, limits=limits, zone=zone)
        self._enqueue = enqueue
        self._accepting = GroupCommit(store, self._accept, kin=lambda asked: (asked.order.team_id, asked.order.user_id))

    async def accept(self, asked: Acceptance) -> acceptance.Answer:
        try:
            return await self._accepting.commit(asked)
        except IntegrityError:  # the same order in another process in this very moment: now it is there
            return await self._accepting.commit(asked)

    async def begin(
        self,
        attempt: Attempt,
        *,
        prompt: str,
        in_flight_max: int,
        per_minute: int,
        planned: Planned | None = None,
    ) -> bool:
        def work(session: Session) -> bool:
            begun = attempts.begin(session, attempt, prompt=prompt, in_flight_max=in_flight_max, per_minute=per_minute)
            if begun and planned is not None:
                keep_planned(session, attempt.job_id, planned)
            return begun

        return await self._store.write(work)

    async def room(self, upstream: str, *, in_flight_max: int, per_minute: int, now: datetime) -> int:
        return await self._store.read(
            lambda session: attempts.room(
                session, upstream, in_flight_max=in_flight_max, per_minute=per_minute, now=now
            )
        )

    async def submitted(self, attempt_id: str, ref: RenderRef, *, at: datetime) -> bool:
        return await self._store.write_surely(lambda session: attempts.submitted(session, attempt_id, ref, at=at))

    async def absent(self, attempt: Attempt, *, at: datetime) -> bool:
        def work(session: Session) -> bool:
            won = attempts.absent(session, attempt, at=at)
            if won:
                _change(session, attempt.job_id, lambda job: settling.requeued(job, at))
            return won

        return await self._store.write(work)

    async def possibly_paid(self, attempt: Attempt, *, at: datetime) -> bool:
        def work(session: Session) -> bool:
            won = attempts.arrived_unseen(session, attempt, at=at)
            if won:
                row = locked_one(session, JobRow, attempt.job_id)
                settling.book_possibly_paid(session, row, at=at)
            return won

        return await self._store.write(work)

    async def risked(self, attempt: Attempt, *, note: str, at: datetime) -> bool:
        return await self._store.write(
            lambda session: settling.risked(session, attempt, note=note, limits=self._limits, tz=self._zone, at=at)
        )

    async def attempt_ended(
        self,
        attempt_id: str,
        *,
        state: AttemptState,
        at: datetime,
        error_kind: str = "",
        error_detail: str = "",
        result_ref: str = "",
        cost_usd_micros: int | None = None,
        retry_at: datetime | None = None,
    ) -> bool:
        return await self._store.write_surely(
            lambda session: attempts.ended(
                session,
                attempt_id,
                state=state,
                at=at,
                error_kind=error_kind,
                error_detail=error_detail,
                result_ref=result_ref,
                cost_usd_micros=cost_usd_micros,
                retry_at=retry_at,
            )
        )

    async def progressed(self, attempt_id: str, *, progress: float) -> None:
        def work(session: Session) -> None:
            row = session.get(AttemptRow, attempt_id)
            if row is not None and row.state == AttemptState.SUBMITTED.value:
                row.progress = progress
                _change(session, row.job_id, lambda job: replace(job, version=job.version + 1))

        await self._store.write(work)

    async def overdue(self, job_id: str, *, at: datetime) -> None:
        await self._changed(job_id, lambda job: replace(job, overdue_since=at, version=job.version + 1))

    async def waits(self, job_id: str, waiting: Waiting | None) -> Job:
        def work(session: Session) -> Job:
            row = locked_one(session, JobRow, job_id)
            job = job_of(row)
            if job.waiting is not waiting:
                job = replace(job, waiting=waiting, version=job.version + 1)
                write_job(row, job)
            return job

        return await self._store.write(work)

    async def checking(self, job_id: str, *, at: datetime) -> None:
        await self._changed(
            job_id, lambda job: job if job.state is JobState.CHECKING else job.moved(JobState.CHECKING, at=at)
        )

    async def requeued(self, job_id: str, *, at: datetime) -> None:
        await self._changed(job_id, lambda job: settling.requeued(job, at))

    async def captured(self, job_id: str, *, at: datetime) -> None:
        await self._store.write(lambda session: settling.captured(session, job_id, at=at))

    async def kept(self, job_id: str, *, at: datetime) -> None:
        await self._store.write(lambda session: settling.kept(session, job_id, at=at))

    async def late_video(self, attempt: Attempt, ref: RenderRef, *, result_ref: str, at: datetime) -> Job | None:
        return await self._store.write(
            lambda session: late.late_video(session, attempt, ref, result_ref=result_ref, at=at)
        )

    async def delivered(self, job_id: str, *, at: datetime) -> None:
        def told(job: Job) -> Job:
            if job.state is JobState.DELIVERED:
                return replace(job, version=job.version + 1)
            return replace(job.moved(JobState.DELIVERED, at=at), finished_at=job.finished_at or at, failure=None)

        await self._changed(job_id, told)

    async def redelivering(self, job_id: str, *, at: datetime) -> None:
        await self._changed(
            job_id,
            lambda job: job if job.state is JobState.DELIVERING else job.moved(JobState.DELIVERING, at=at),
        )

    async def failed(
        self, job_id: str, failure: Failure, *, words: str, reference: str, charged_usd_micros: int, at: datetime
    ) -> None:
        def work(session: Session) -> None:
            settling.failed(
                session,
                job_id,
                failure,
                words=words,
                reference=reference,
                charged_usd_micros=charged_usd_micros,
                at=at,
            )

        await self._store.write(work)

    async def charged(self, attempt: Attempt, *, usd_micros: int, at: datetime) -> None:
        await self._store.write(lambda session: settling.charged(session, attempt, usd_micros, at=at))

    async def cancelled(self, job_id: str, *, at: datetime) -> None:
        await self._store.write(lambda session: settling.cancelled(session, job_id, at=at))

    async def unconfirmed(self, job_id: str, *, at: datetime) -> None:
        await self._store.write(lambda session: settling.unconfirmed(session, job_id, at=at))

    async def cancel_requested(self, job_id: str, *, at: datetime) -> Job | None:
        def asked(job: Job) -> Job:
            if job.state in ENDED or job.cancel_requested_at is not None:
                return job
            return replace(job, cancel_requested_at=at, version=job.version + 1)

        return await self._changed(job_id, asked)

    async def removed(self, job_id: str, *, at: datetime) -> None:
        await self._changed(job_id, lambda job: replace(job, removed_at=at, version=job.version + 1))

    async def next_generation(self, job: Job) -> bool:
        """A new story for a job whose story was lost. False: somebody else gave it one."""

        def work(session: Session) -> bool:
            row = locked_one(session, JobRow, job.id)
            if row.generation != job.generation or row.state in ENDED_STATES:
                return False
            row.generation += 1
            self._enqueue(session, f"{job.id}.{row.generation}", f"{job.order.team_id}:{job.order.user_id}")
            return True

        return await self._store.write(work)

    async def webhook_came(self, upstream: str, render_id: str, event_id: str, *, token: str, at: datetime) -> bool:
        return await self._store.write(
            lambda session: inserted(
                session,
                WebhookEventRow,
                upstream=upstream,
                event_id=event_id,
                render_id=render_id,
                token=token,
                came_at=at,
            )
        )

    def _accept(self, session: Session, orders: Sequence[Acceptance]) -> list[acceptance.Answer]:
        return acceptance.accept(session, orders, limits=self._limits, zone=self._zone, enqueue=self._enqueue)

    async def _changed(self, job_id: str, change: Callable[[Job], Job]) -> Job | None:
        return await self._store.write(lambda session: _change(session, job_id, change))


def _change(session: Session, job_id: str, change: Callable[[Job], Job]) -> Job | None:
    row = locked(session, JobRow, job_id)
    if row is None:
        return None
    job = change(job_of(row))
    write_job(row, job)
    return job


_: type[JobBook] = StoredJobs
