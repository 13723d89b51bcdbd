"""A video that turns up after its attempt had ended without one: paid, so booked, and delivered where it is owed.

A function of an open transaction; may be repeated. What the ledger says about it: spent twice is booked twice.
"""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.attempt import WITHOUT_VIDEO, Attempt, AttemptState
from bot.jobs.model import ENDED, Job, JobState
from bot.providers.base import RenderRef
from bot.store import quota, settling
from bot.store.job_rows import attempt_of, job_of, write_job
from bot.store.locking import locked, locked_one
from bot.store.tables.jobs import AttemptRow, JobRow

OWED = frozenset({JobState.UNCONFIRMED, JobState.FAILED})
"""Its person was told that there is no video."""


def late_video(session: Session, attempt: Attempt, ref: RenderRef, *, result_ref: str, at: datetime) -> Job | None:
    """The job to deliver it to; None: it has its video, or its person wants none, or all this was known."""
    row = locked(session, AttemptRow, attempt.id)
    if row is None or AttemptState(row.state) not in WITHOUT_VIDEO or _is_anothers(session, row, ref):
        return None
    job_row = locked_one(session, JobRow, row.job_id)
    job = job_of(job_row)
    story_is_about_it = job.attempt_id == attempt.id and job.state not in ENDED
    if story_is_about_it and job.state is not JobState.RENDERING:
        return None
    has_video = _has_video(session, job.id)
    row.state, row.ended_at = AttemptState.SUCCEEDED.value, at
    row.render_id, row.poll_ref, row.request_id = ref.render_id, ref.poll_ref, ref.request_id
    row.result_ref = result_ref
    if job.state in ENDED and not has_video:
        job_row.attempt_id = attempt.id
    if job.state in OWED and not has_video and job.removed_at is None:
        settling.captured(session, job.id, at=at)
        return job_of(job_row)
    real = attempt_of(row).real_usd_micros
    fresh = quota.capture(session, job_id=job.id, attempt_id=attempt.id, usd_micros=real, now=at)
    paid = job.paid_usd_micros + (real if fresh else 0)
    write_job(job_row, replace(job_of(job_row), paid_usd_micros=paid, version=job.version + 1))
    return None


def _is_anothers(session: Session, row: AttemptRow, ref: RenderRef) -> bool:
    if row.render_id is not None:
        return row.render_id != ref.render_id
    bound = sa.select(col(AttemptRow.id)).where(
        col(AttemptRow.upstream) == row.upstream, col(AttemptRow.render_id) == ref.render_id
    )
    return session.scalar(bound) is not None


def _has_video(session: Session, job_id: str) -> bool:
    made = sa.select(col(AttemptRow.id)).where(
        col(AttemptRow.job_id) == job_id, col(AttemptRow.state) == AttemptState.SUCCEEDED.value
    )
    return session.scalar(made.limit(1)) is not None
