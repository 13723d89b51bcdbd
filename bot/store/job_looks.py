"""Looking at jobs: what cards, listings and steps read. Nothing here changes a row."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.answers import Unseen
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.book import InFlight
from bot.jobs.model import Job, JobRecord
from bot.jobs.wish import Standing
from bot.quota.limits import Limit
from bot.store import acceptance, quota
from bot.store.engine import Store
from bot.store.job_rows import ENDED_STATES, attempt_of, job_of, question_of, standing_of
from bot.store.tables.jobs import AttemptRow, JobRow, WebhookEventRow
from bot.store.tables.questions import QuestionRow
from bot.store.upsert import table_of

# Built once, and past the ORM: a job's record is read a dozen times on its way.
_JOBS, _ATTEMPTS, _ASKED = table_of(JobRow).c, table_of(AttemptRow).c, table_of(QuestionRow).c
_EVENTS = table_of(WebhookEventRow).c
_OF_ID: sa.BindParameter[str] = sa.bindparam("job_id")
_JOB = sa.select(*_JOBS).where(_JOBS.id == _OF_ID)
_TRIES = sa.select(*_ATTEMPTS).where(_ATTEMPTS.job_id == _OF_ID).order_by(_ATTEMPTS.number)
_QUESTIONS = sa.select(*_ASKED).where(_ASKED.job_id == _OF_ID).order_by(_ASKED.asked_at)
_COUNTS = sa.select(_JOBS.state, sa.func.count()).where(_JOBS.team_id == sa.bindparam("team_id")).group_by(_JOBS.state)
_IN_FLIGHT = (
    sa.select(
        _JOBS.overdue_since.is_not(None).label("overdue"),
        sa.exists()
        .where(_EVENTS.upstream == _ATTEMPTS.upstream, _EVENTS.render_id == _ATTEMPTS.render_id)
        .label("told_of"),
    )
    .join_from(table_of(AttemptRow), table_of(JobRow), _JOBS.id == _ATTEMPTS.job_id)
    .where(_ATTEMPTS.id == sa.bindparam("attempt_id"), _ATTEMPTS.state == AttemptState.SUBMITTED.value)
)


class JobLooks:
    """The reading half of `jobs.book.JobBook`; each look is one consistent view of the database."""

    def __init__(self, store: Store, *, limits: tuple[Limit, ...], zone: ZoneInfo) -> None:
        self._store = store
        self._limits = limits
        self._zone = zone

    async def record(self, job_id: str) -> JobRecord | None:
        def look(session: Session) -> JobRecord | None:
            return _record(session, session.execute(_JOB, {"job_id": job_id}).one_or_none())

        return await self._store.read(look)

    async def numbered(self, team_id: str, number: int) -> JobRecord | None:
        wanted = sa.select(JobRow).where(col(JobRow.team_id) == team_id, col(JobRow.number) == number)
        return await self._store.read(lambda session: _record(session, session.scalar(wanted)))

    async def latest(self, team_id: str, user_id: str, *, limit: int) -> list[JobRecord]:
        wanted = (
            sa.select(JobRow)
            .where(col(JobRow.team_id) == team_id, col(JobRow.user_id) == user_id, col(JobRow.removed_at).is_(None))
            .order_by(col(JobRow.number).desc())
            .limit(limit)
        )

        def look(session: Session) -> list[JobRecord]:
            records = [_record(session, row) for row in session.scalars(wanted)]
            return [record for record in records if record is not None]

        return await self._store.read(look)

    async def possibly_paid_since(self, team_id: str, since: datetime, *, limit: int) -> list[Unseen]:
        wanted = (
            sa.select(AttemptRow, JobRow)
            .join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
            .where(col(AttemptRow.team_id) == team_id, col(AttemptRow.state) == AttemptState.UNKNOWN.value)
            .where(col(AttemptRow.ended_at) >= since, col(AttemptRow.usd_micros) > 0)
            .order_by(col(AttemptRow.ended_at).desc())
            .limit(limit)
        )
        return await self._store.read(
            lambda session: [Unseen(job=job_of(job), attempt=attempt_of(row)) for row, job in session.execute(wanted)]
        )

    async def unended(self) -> list[Job]:
        wanted = sa.select(JobRow).where(col(JobRow.state).not_in(ENDED_STATES)).order_by(col(JobRow.created_at))
        return await self._store.read(lambda session: [job_of(row) for row in session.scalars(wanted)])

    async def counts(self, team_id: str) -> Mapping[str, int]:
        asked = {"team_id": team_id}
        return await self._store.read(lambda session: {row[0]: row[1] for row in session.execute(_COUNTS, asked)})

    async def queue_place(self, job_id: str, *, running_max: int) -> int:
        def look(session: Session) -> int:
            row = session.execute(_JOB, {"job_id": job_id}).one_or_none()
            return 0 if row is None else acceptance.queue_place(session, row, running_max)

        return await self._store.read(look)

    async def standings(
        self, team_id: str, user_id: str, slack_channel_id: str, *, now: datetime
    ) -> tuple[Standing, ...]:
        def look(session: Session) -> tuple[Standing, ...]:
            found = quota.standing(
                session,
                team_id=team_id,
                user_id=user_id,
                slack_channel_id=slack_channel_id,
                limits=self._limits,
                now=now,
                tz=self._zone,
            )
            return tuple(standing_of(each) for each in found)

        return await self._store.read(look)

    async def in_flight(self, attempt_id: str) -> InFlight | None:
        def look(session: Session) -> InFlight | None:
            row = session.execute(_IN_FLIGHT, {"attempt_id": attempt_id}).one_or_none()
            return None if row is None else InFlight(overdue=row.overdue, told_of=row.told_of)

        return await self._store.read(look)

    async def attempt(self, attempt_id: str) -> Attempt | None:
        return await self._attempt(col(AttemptRow.id) == attempt_id)

    async def attempt_of_token(self, token: str) -> Attempt | None:
        return await self._attempt(col(AttemptRow.webhook_token) == token)

    async def bound_renders(self, upstream: str, among: Collection[str]) -> frozenset[str]:
        wanted = sa.select(col(AttemptRow.render_id)).where(
            col(AttemptRow.upstream) == upstream, col(AttemptRow.render_id).in_(among)
        )
        return await self._store.read(lambda session: frozenset(filter(None, session.scalars(wanted))))

    async def _attempt(self, condition: sa.ColumnElement[bool]) -> Attempt | None:
        def look(session: Session) -> Attempt | None:
            row = session.scalar(sa.select(AttemptRow).where(condition))
            return None if row is None else attempt_of(row)

        return await self._store.read(look)


def _record(session: Session, row: Any) -> JobRecord | None:
    """Of a `JobRow`, or of a row of its columns."""
    if row is None:
        return None
    of_job = {"job_id": row.id}
    return JobRecord(
        job=job_of(row),
        attempts=tuple(attempt_of(each) for each in session.execute(_TRIES, of_job)),
        questions=tuple(question_of(each) for each in session.execute(_QUESTIONS, of_job)) if row.question_id else (),
    )
