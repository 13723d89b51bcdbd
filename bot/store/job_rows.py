"""Between rows and the values of `jobs`. What is read is a row class, or a row of its table's columns: same names."""

from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import object_session
from sqlmodel import col

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.consent import AnswerWord, Question
from bot.jobs.model import ENDED, Failure, Fit, Job, JobState, Order, Place, Waiting
from bot.jobs.wish import Standing
from bot.quota.limits import Standing as QuotaStanding
from bot.store.tables.jobs import JobRow
from bot.store.tables.slack import CardRow

ENDED_STATES = tuple(state.value for state in ENDED)

_SAME_IN_ATTEMPT = tuple(each.name for each in fields(Attempt) if each.name not in {"size_px", "state"})


def wanted_of(order: Order) -> dict[str, Any]:
    return {
        "model": order.model,
        "model_class": order.model_class.value,
        "length_s": order.length_s,
        "shape": order.shape.value,
        "resolution": order.resolution,
        "audio": order.audio,
        "seed": order.seed,
        "picture_id": order.picture_id,
        "picture_fit": order.picture_fit.value,
        "parent_job_id": order.parent_job_id,
        "avoided": list(order.avoided),
    }


def order_of(row: Any) -> Order:
    wanted = row.wanted
    return Order(
        team_id=row.team_id,
        user_id=row.user_id,
        place=Place(slack_channel_id=row.slack_channel_id, thread_ts=row.thread_ts),
        prompt=row.prompt,
        model=wanted["model"],
        model_class=ModelClass(wanted["model_class"]),
        length_s=wanted["length_s"],
        shape=Shape(wanted["shape"]),
        resolution=wanted["resolution"],
        audio=wanted["audio"],
        seed=wanted["seed"],
        picture_id=wanted["picture_id"],
        picture_fit=Fit(wanted["picture_fit"]),
        parent_job_id=wanted["parent_job_id"],
        avoided=tuple(wanted["avoided"]),
    )


def job_of(row: Any) -> Job:
    return Job(
        id=row.id,
        number=row.number,
        order=order_of(row),
        state=JobState(row.state),
        state_since=row.state_since,
        created_at=row.created_at,
        held_usd_micros=row.held_usd_micros,
        paid_usd_micros=row.paid_usd_micros,
        catalogue_version=row.catalogue_version,
        generation=row.generation,
        version=row.version,
        waiting=Waiting(row.waiting) if row.waiting else None,
        overdue_since=row.overdue_since,
        cancel_requested_at=row.cancel_requested_at,
        failure=Failure(row.failure) if row.failure else None,
        failure_words=row.failure_words,
        reference=row.reference,
        attempt_id=row.attempt_id,
        question_id=row.question_id,
        finished_at=row.finished_at,
        removed_at=row.removed_at,
    )


def write_job(row: JobRow, job: Job) -> None:
    """Bring the columns that may change to the job's values. What its card showed as the end is the end no more."""
    session = object_session(row)
    if row.state in ENDED_STATES and session is not None:
        session.execute(sa.update(CardRow).where(col(CardRow.job_id) == row.id).values(open=True))
    row.state = job.state.value
    row.state_since = job.state_since
    row.paid_usd_micros = job.paid_usd_micros
    row.generation = job.generation
    row.version = job.version
    row.waiting = job.waiting.value if job.waiting else None
    row.overdue_since = job.overdue_since
    row.cancel_requested_at = job.cancel_requested_at
    row.failure = job.failure.value if job.failure else None
    row.failure_words = job.failure_words
    row.reference = job.reference
    row.held_usd_micros = job.held_usd_micros
    row.attempt_id = job.attempt_id
    row.question_id = job.question_id
    row.finished_at = job.finished_at
    row.removed_at = job.removed_at


def attempt_of(row: Any) -> Attempt:
    same = {name: getattr(row, name) for name in _SAME_IN_ATTEMPT}
    return Attempt(**same, size_px=(row.width_px, row.height_px), state=AttemptState(row.state))


def question_of(row: Any) -> Question:
    same = {each.name: getattr(row, each.name) for each in fields(Question)}
    return Question(**same | {"answer": AnswerWord(row.answer) if row.answer else None})


def attempt_columns(attempt: Attempt) -> dict[str, Any]:
    same = {name: getattr(attempt, name) for name in _SAME_IN_ATTEMPT}
    width_px, height_px = attempt.size_px
    return same | {"width_px": width_px, "height_px": height_px, "state": attempt.state.value}


def standing_of(found: QuotaStanding) -> Standing:
    return Standing(
        scope=found.limit.scope.value,
        period=found.period.span.value,
        usd_micros_max=found.limit.usd_micros,
        usd_micros_used=found.usd_micros_used,
        usd_micros_reserved=found.usd_micros_reserved,
        clips_max=found.limit.clips,
        clips_used=found.clips_used + found.clips_reserved,
        resets_at=found.resets_at,
    )
