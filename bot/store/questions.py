"""Questions to a job's person, compared and set; what was planned when; a job's money as the ledger has it."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.consent import AnswerWord, Planned, Question, Taking
from bot.jobs.model import ENDED, Job, JobState, Waiting
from bot.jobs.question_book import Booking, QuestionBook
from bot.quota.limits import Limit
from bot.store import quota, settling
from bot.store.compared import hits
from bot.store.engine import Store
from bot.store.job_rows import job_of, question_of, write_job
from bot.store.locking import locked_one
from bot.store.tables.jobs import JobRow
from bot.store.tables.questions import PlanningRow, QuestionRow
from bot.store.tables.quota import LedgerEntryRow
from bot.store.upsert import insert_for


class _LimitReachedError(Exception):
    """Takes the whole transaction back."""


class StoredQuestions:
    """`jobs.question_book.QuestionBook`: in every transaction the job's row is locked first, so that its end and an
    answer cannot meet half-way."""

    def __init__(self, store: Store, *, limits: tuple[Limit, ...], zone: ZoneInfo) -> None:
        self._store = store
        self._limits = limits
        self._zone = zone

    async def asks(self, question: Question, planned: Planned) -> bool:
        return await self._store.write(lambda session: asks(session, question, planned))

    async def question(self, question_id: str) -> Question | None:
        def look(session: Session) -> Question | None:
            row = session.get(QuestionRow, question_id)
            return None if row is None else question_of(row)

        return await self._store.read(look)

    async def closed(self, question: Question, word: AnswerWord, *, at: datetime, by: str = "") -> bool:
        def work(session: Session) -> bool:
            row, job = _job(session, question)
            if not _answered(session, question, word, at=at, by=by):
                return False
            waiting = Waiting.SERVICE_DOWN if word is AnswerWord.WAIT else None
            if job.state not in ENDED:
                write_job(row, replace(job, waiting=waiting, version=job.version + 1))
            return True

        return await self._store.write(work)

    async def takes(self, question: Question, *, by: str, at: datetime) -> Taking:
        def work(session: Session) -> Taking:
            row, job = _job(session, question)
            if not _waits_for(job, question) or not _answered(session, question, AnswerWord.USE, at=at, by=by):
                return Taking.SETTLED
            over = quota.rehold(
                session,
                job_id=job.id,
                question_id=question.id,
                usd_micros=question.usd_micros,
                limits=self._limits,
                tz=self._zone,
                now=at,
            )
            if over is not None:
                raise _LimitReachedError
            agreed = replace(job, held_usd_micros=question.usd_micros, waiting=None, version=job.version + 1)
            write_job(row, agreed)
            return Taking.TAKEN

        try:
            return await self._store.write(work)
        except _LimitReachedError:
            return Taking.OVER_LIMIT

    async def stops(self, question: Question, *, by: str, at: datetime) -> bool:
        def work(session: Session) -> bool:
            _, job = _job(session, question)
            if not _waits_for(job, question) or not _answered(session, question, AnswerWord.STOP, at=at, by=by):
                return False
            settling.cancelled(session, job.id, at=at)
            return True

        return await self._store.write(work)

    async def asks_anew(
        self, question: Question, after: Question | None, planned: Planned, *, by: str, at: datetime
    ) -> bool:
        def work(session: Session) -> bool:
            row, job = _job(session, question)
            if not _answered(session, question, AnswerWord.CHANGED, at=at, by=by):
                return False
            if after is None:
                write_job(row, replace(job, waiting=Waiting.SERVICE_DOWN, version=job.version + 1))
                return True
            session.flush()
            return asks(session, after, planned)

        return await self._store.write(work)

    async def planned(self, job_id: str, planned: Planned) -> None:
        await self._store.write(lambda session: keep_planned(session, job_id, planned))

    async def plannings(self, job_id: str) -> tuple[Planned, ...]:
        wanted = sa.select(PlanningRow).where(col(PlanningRow.job_id) == job_id).order_by(col(PlanningRow.planned_at))
        return await self._store.read(lambda session: tuple(_planned(row) for row in session.scalars(wanted)))

    async def bookings(self, job_id: str) -> tuple[Booking, ...]:
        wanted = (
            sa.select(LedgerEntryRow)
            .where(col(LedgerEntryRow.job_id) == job_id)
            .order_by(col(LedgerEntryRow.booked_at), col(LedgerEntryRow.entry_key))
        )
        return await self._store.read(
            lambda session: tuple(
                Booking(
                    kind=row.kind,
                    usd_micros=row.usd_micros,
                    given_back_usd_micros=max(0, (row.closed_usd_micros or 0) - row.usd_micros),
                    at=row.booked_at,
                    attempt_id=row.attempt_id,
                )
                for row in session.scalars(wanted)
            )
        )


def asks(session: Session, question: Question, planned: Planned) -> bool:
    """False: the job is not waiting any more, or has been asked."""
    row, job = _job(session, question)
    if job.state is not JobState.QUEUED or job.cancel_requested_at is not None:
        return False
    is_open = col(QuestionRow.answer).is_(None)
    if session.scalar(sa.select(col(QuestionRow.id)).where(col(QuestionRow.job_id) == job.id, is_open)) is not None:
        return False
    session.add(QuestionRow(**asdict(question)))
    keep_planned(session, job.id, planned)
    write_job(row, replace(job, question_id=question.id, waiting=Waiting.ANSWER, version=job.version + 1))
    return True


def keep_planned(session: Session, job_id: str, planned: Planned) -> None:
    """The latest word for its occasion."""
    values: dict[str, Any] = asdict(planned)
    at, occasion = values.pop("at"), values.pop("occasion")
    session.execute(
        insert_for(session, PlanningRow)
        .values(job_id=job_id, occasion=occasion, planned_at=at, planned=values)
        .on_conflict_do_update(index_elements=["job_id", "occasion"], set_={"planned_at": at, "planned": values})
    )


def _job(session: Session, question: Question) -> tuple[JobRow, Job]:
    row = locked_one(session, JobRow, question.job_id)
    return row, job_of(row)


def _waits_for(job: Job, question: Question) -> bool:
    queued = job.state is JobState.QUEUED and job.cancel_requested_at is None
    return queued and job.question_id == question.id


def _answered(session: Session, question: Question, word: AnswerWord, *, at: datetime, by: str) -> bool:
    """The first word counts."""
    return hits(
        sa.update(QuestionRow)
        .where(col(QuestionRow.id) == question.id, col(QuestionRow.answer).is_(None))
        .values(answer=word.value, answered_at=at, answered_by=by)
    )(session)


def _planned(row: PlanningRow) -> Planned:
    said = row.planned
    return Planned(
        occasion=row.occasion,
        at=row.planned_at,
        candidates=tuple(said["candidates"]),
        skipped=tuple(said["skipped"]),
        others=said["others"],
    )


_: type[QuestionBook] = StoredQuestions
