"""Attempts: the intent before the POST, the service's id after it, how they end. Functions of an open transaction."""

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.model import JobState
from bot.providers.base import RenderRef
from bot.store.job_rows import attempt_columns, job_of, write_job
from bot.store.locking import locked, locked_one
from bot.store.tables.jobs import AttemptRow, JobRow, UpstreamRow
from bot.store.upsert import insert_for, table_of

ON_THE_WAY = (AttemptState.INTENT.value, AttemptState.SUBMITTED.value)
_ATTEMPT = table_of(AttemptRow)
_INSERT = sa.insert(_ATTEMPT)


def _count(*conditions: sa.ColumnElement[bool]) -> "sa.ScalarSelect[int]":
    here = _ATTEMPT.c.upstream == sa.bindparam("upstream")
    return sa.select(sa.func.count()).select_from(_ATTEMPT).where(here, *conditions).scalar_subquery()


_TAKEN = sa.select(
    _count(_ATTEMPT.c.state.in_(ON_THE_WAY)).label("in_flight"),
    _count(_ATTEMPT.c.intent_at > sa.bindparam("a_minute_ago")).label("lately"),
    _count(_ATTEMPT.c.state == AttemptState.INTENT.value, _ATTEMPT.c.fingerprint == sa.bindparam("fingerprint")).label(
        "twins_in_doubt"
    ),
)


def begin(session: Session, attempt: Attempt, *, prompt: str, in_flight_max: int, per_minute: int) -> bool:
    """Commit to one POST: slot counted under the upstream's row, intent written, job moved.

    False: no slot now, or the job is no longer one to submit (cancelled, or another process has it).
    """
    _lock_upstream(session, attempt.upstream)
    job = locked(session, JobRow, attempt.job_id)
    if job is None or job.state != JobState.QUEUED.value or job.cancel_requested_at is not None:
        return False
    fingerprint = fingerprint_of(attempt.wire_name, prompt)
    taken = _taken(session, attempt.upstream, now=attempt.intent_at, fingerprint=fingerprint)
    if taken.in_flight >= in_flight_max or taken.lately >= per_minute or taken.twins_in_doubt:
        return False
    session.execute(_INSERT, attempt_columns(attempt) | {"fingerprint": fingerprint})
    moved = job_of(job).moved(JobState.SUBMITTING, at=attempt.intent_at)
    write_job(job, moved)
    job.attempt_id = attempt.id
    job.waiting = None
    job.overdue_since = None
    return True


def room(session: Session, upstream: str, *, in_flight_max: int, per_minute: int, now: datetime) -> int:
    """How many submits it would take now. A look without the lock: only `begin` decides."""
    taken = _taken(session, upstream, now=now)
    free: int = min(in_flight_max - taken.in_flight, per_minute - taken.lately)
    return max(0, free)


def submitted(session: Session, attempt_id: str, ref: RenderRef, *, at: datetime) -> bool:
    """The service's id. Unique per upstream, so that two attempts cannot adopt one video."""
    row = locked(session, AttemptRow, attempt_id)
    if row is None:
        return False
    if row.state != AttemptState.INTENT.value:
        return row.render_id == ref.render_id
    try:
        with session.begin_nested():
            row.state = AttemptState.SUBMITTED.value
            row.render_id, row.poll_ref, row.request_id = ref.render_id, ref.poll_ref, ref.request_id
            row.submitted_at = at
    except IntegrityError:
        return False
    job = locked_one(session, JobRow, row.job_id)
    if job.attempt_id == attempt_id and job.state in {JobState.SUBMITTING.value, JobState.CHECKING.value}:
        write_job(job, job_of(job).moved(JobState.RENDERING, at=at))
    return True


def ended(session: Session, attempt_id: str, *, state: AttemptState, at: datetime, **columns: object) -> bool:
    """The first word stands: an attempt that ended stays as it is, except that a late video wins over a failure."""
    row = locked(session, AttemptRow, attempt_id)
    if row is None:
        return False
    late_video = state is AttemptState.SUCCEEDED and row.state != AttemptState.SUCCEEDED.value
    if row.state not in ON_THE_WAY and not late_video:
        return False
    row.state, row.ended_at = state.value, at
    for name, value in columns.items():
        setattr(row, name, value)
    return True


def absent(session: Session, attempt: Attempt, *, at: datetime) -> bool:
    """Proven never to have arrived; free for one fresh attempt."""
    return _doubt_ended(session, attempt, AttemptState.NOT_ACCEPTED, at=at, error_kind="lost")


def arrived_unseen(session: Session, attempt: Attempt, *, at: datetime) -> bool:
    """It arrived, somebody says, and its id is not known."""
    return _doubt_ended(session, attempt, AttemptState.UNKNOWN, at=at)


def _doubt_ended(
    session: Session, attempt: Attempt, state: AttemptState, *, at: datetime, error_kind: str = ""
) -> bool:
    """Compared on the intent's time, so that one word ends a doubt, and only this one."""
    result = session.execute(
        sa.update(AttemptRow)
        .where(
            col(AttemptRow.id) == attempt.id,
            col(AttemptRow.state) == AttemptState.INTENT.value,
            col(AttemptRow.intent_at) == attempt.intent_at,
        )
        .values(state=state.value, ended_at=at, error_kind=error_kind)
    )
    return bool(isinstance(result, sa.CursorResult) and result.rowcount)


def fingerprint_of(wire_name: str, prompt: str) -> str:
    """What a listing would show of a submit, so that two unknown ones cannot be confused."""
    return hashlib.sha256(f"{wire_name}\n{prompt}".encode()).hexdigest()[:32]


def _lock_upstream(session: Session, upstream: str) -> None:
    session.execute(
        insert_for(session, UpstreamRow)
        .values(upstream=upstream, counted=1)
        .on_conflict_do_update(index_elements=["upstream"], set_={"counted": UpstreamRow.counted + 1})
    )


def _taken(session: Session, upstream: str, *, now: datetime, fingerprint: str = "") -> "sa.Row[int, int, int]":
    asked = {"upstream": upstream, "a_minute_ago": now - timedelta(minutes=1), "fingerprint": fingerprint}
    return session.execute(_TAKEN, asked).one()
