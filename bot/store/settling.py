"""Where a job's end and its money are written together. Functions of an open transaction; each may be repeated."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.model import ENDED, Failure, Job, JobState
from bot.quota.limits import Limit
from bot.store import attempts, quota
from bot.store.job_rows import attempt_of, job_of, write_job
from bot.store.locking import locked, locked_one
from bot.store.tables.jobs import AttemptRow, JobRow


def captured(session: Session, job_id: str, *, at: datetime) -> None:
    """The video exists: its price is spent, and it is on its way to its person."""
    row, job = _locked(session, job_id)
    paid = _capture(session, job, at=at)
    if job.state is not JobState.DELIVERING:
        moved = job.moved(JobState.DELIVERING, at=at)
        write_job(row, replace(moved, paid_usd_micros=paid, failure=None, failure_words=""))


def kept(session: Session, job_id: str, *, at: datetime) -> None:
    """The video exists, but its person had cancelled: spent, kept, offered."""
    row, job = _locked(session, job_id)
    paid = _capture(session, job, at=at)
    if job.state not in ENDED:
        write_job(row, replace(job.moved(JobState.CANCELLED, at=at), paid_usd_micros=paid, finished_at=at))


def failed(
    session: Session,
    job_id: str,
    failure: Failure,
    *,
    words: str,
    reference: str,
    charged_usd_micros: int,
    at: datetime,
) -> None:
    """No video in the thread: what was charged is spent, the rest given back."""
    row, job = _locked(session, job_id)
    if job.state in ENDED:
        return
    paid = job.paid_usd_micros
    if charged_usd_micros and job.attempt_id:
        fresh = quota.capture(session, job_id=job_id, attempt_id=job.attempt_id, usd_micros=charged_usd_micros, now=at)
        paid += charged_usd_micros if fresh else 0
    quota.release(session, job_id=job_id, now=at)
    ended = replace(
        job.moved(JobState.FAILED, at=at),
        failure=failure,
        failure_words=words,
        reference=reference,
        paid_usd_micros=paid,
        finished_at=at,
        waiting=None,
    )
    write_job(row, ended)


def charged(session: Session, attempt: Attempt, usd_micros: int, *, at: datetime) -> None:
    """A try without a video that its service bills all the same: spent out of what is reserved; the job goes on."""
    row, job = _locked(session, attempt.job_id)
    if job.state in ENDED:
        return
    spent = quota.spend_of_hold(session, job_id=job.id, attempt_id=attempt.id, usd_micros=usd_micros, now=at)
    if spent is not None:
        paid = job.paid_usd_micros + usd_micros
        write_job(row, replace(job, held_usd_micros=spent, paid_usd_micros=paid, version=job.version + 1))


def cancelled(session: Session, job_id: str, *, at: datetime) -> None:
    """Nothing was sent, or the service confirmed that it stopped: everything is given back."""
    row, job = _locked(session, job_id)
    if job.state not in ENDED:
        quota.release(session, job_id=job_id, now=at)
        write_job(row, replace(job.moved(JobState.CANCELLED, at=at), finished_at=at, waiting=None))


def unconfirmed(session: Session, job_id: str, *, at: datetime) -> None:
    """Whether the submit arrived was never found out."""
    attempt_id = session.scalar(sa.select(col(JobRow.attempt_id)).where(col(JobRow.id) == job_id))
    locked(session, AttemptRow, attempt_id)  # before the job, as everywhere
    row, job = _locked(session, job_id)
    if job.state not in ENDED and row.attempt_id == attempt_id:
        attempts.ended(session, str(attempt_id), state=AttemptState.UNKNOWN, at=at)
        book_possibly_paid(session, row, at=at)


def book_possibly_paid(session: Session, row: JobRow, *, at: datetime) -> None:
    attempt = session.get_one(AttemptRow, row.attempt_id)
    quota.book_possibly_paid(session, job_id=row.id, attempt_id=attempt.id, usd_micros=attempt.usd_micros, now=at)
    moved = job_of(row).moved(JobState.UNCONFIRMED, at=at)
    write_job(row, replace(moved, paid_usd_micros=moved.paid_usd_micros + attempt.usd_micros, finished_at=at))


def risked(
    session: Session, attempt: Attempt, *, note: str, limits: Sequence[Limit], tz: ZoneInfo, at: datetime
) -> bool:
    """Booked as possibly paid, and back to queued for one more try, whose money is still held.

    False: the doubt is over, it was done for this job before, or a limit does not take both.
    """
    row = locked(session, AttemptRow, attempt.id)
    if row is None or row.state != AttemptState.INTENT.value:
        return False
    job_row, job = _locked(session, attempt.job_id)
    if job.attempt_id != attempt.id or job.paid_usd_micros or job.cancel_requested_at is not None:
        return False
    if not quota.risk(
        session,
        job_id=job.id,
        attempt_id=attempt.id,
        usd_micros=attempt.usd_micros,
        limits=limits,
        tz=tz,
        now=at,
    ):
        return False
    row.state, row.ended_at, row.note = AttemptState.UNKNOWN.value, at, f"{row.note} {note}".strip()
    write_job(job_row, replace(requeued(job, at), paid_usd_micros=attempt.usd_micros))
    return True


def requeued(job: Job, at: datetime) -> Job:
    """Back in the queue with no attempt in force; a job that has moved on since is left alone."""
    if job.state in ENDED or job.state is JobState.QUEUED:
        return job
    between = job if job.state is not JobState.CHECKING else job.moved(JobState.SUBMITTING, at=at)
    return replace(between.moved(JobState.QUEUED, at=at), attempt_id=None, overdue_since=None)


def _locked(session: Session, job_id: str) -> tuple[JobRow, Job]:
    row = locked_one(session, JobRow, job_id)
    return row, job_of(row)


def _capture(session: Session, job: Job, *, at: datetime) -> int:
    """Book the price of the attempt in force as spent. Returns what the job has cost in all."""
    attempt = attempt_of(session.get_one(AttemptRow, job.attempt_id))
    real = attempt.real_usd_micros
    fresh = quota.capture(session, job_id=job.id, attempt_id=attempt.id, usd_micros=real, now=at)
    return job.paid_usd_micros + (real if fresh else 0)
