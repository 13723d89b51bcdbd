"""The one transaction that turns an order into a job: lock the balances, hold, count, write, start."""

import hashlib
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.model import JobState, Waiting
from bot.jobs.ports import Acceptance, Committed, Enqueue, Full, Overdrawn, Repeated
from bot.quota.limits import Limit
from bot.store import quota
from bot.store.job_rows import ENDED_STATES, job_of, standing_of, wanted_of
from bot.store.tables.jobs import JobRow, WorkspaceRow
from bot.store.upsert import insert_for


class Refused(Exception):
    """Nothing of the transaction stands; `answer` says why."""

    def __init__(self, answer: Repeated | Overdrawn | Full) -> None:
        super().__init__(answer)
        self.answer = answer


def accept(
    session: Session, asked: Acceptance, *, limits: tuple[Limit, ...], zone: ZoneInfo, enqueue: Enqueue
) -> Committed:
    """Write the job and everything that must not part from it.

    Raises:
        Refused: nothing was written.
        IntegrityError: the same order was committed elsewhere in this very moment; asking again finds it.
    """
    order = asked.order
    known = session.scalar(
        sa.select(JobRow).where(col(JobRow.team_id) == order.team_id, col(JobRow.order_key) == asked.order_key)
    )
    if known is not None:
        return Committed(job=job_of(known), fresh=False, queue_place=queue_place(session, known, asked.running_max))
    held = quota.hold(
        session,
        team_id=order.team_id,
        job_id=asked.job_id,
        user_id=order.user_id,
        slack_channel_id=order.place.slack_channel_id,
        usd_micros=asked.usd_micros,
        limits=limits,
        now=asked.created_at,
        tz=zone,
    )
    _ask_again_first(session, asked)
    if _unended(session, order.team_id, order.user_id) >= asked.unended_max:
        raise Refused(Full())
    if isinstance(held, quota.OverLimit):
        raise Refused(Overdrawn(standing=standing_of(held.standing)))
    row = _new_job(session, asked)
    enqueue(session, row.id, f"{order.team_id}:{order.user_id}")
    return Committed(job=job_of(row), fresh=True, queue_place=queue_place(session, row, asked.running_max))


def queue_place(session: Session, row: JobRow, running_max: int) -> int:
    """0: it starts now; n: the n-th of this person's waiting videos."""
    if row.state != JobState.QUEUED.value:
        return 0
    ahead = session.scalar(
        sa.select(sa.func.count()).where(
            col(JobRow.team_id) == row.team_id,
            col(JobRow.user_id) == row.user_id,
            col(JobRow.number) < row.number,
            col(JobRow.state).not_in(ENDED_STATES),
        )
    )
    return max(0, (ahead or 0) - running_max + 1)


def _ask_again_first(session: Session, asked: Acceptance) -> None:
    if asked.again_after is None:
        return
    order = asked.order
    earlier = session.scalar(
        sa.select(JobRow)
        .where(
            col(JobRow.team_id) == order.team_id,
            col(JobRow.user_id) == order.user_id,
            col(JobRow.slack_channel_id) == order.place.slack_channel_id,
            col(JobRow.prompt_hash) == _prompt_hash(order.prompt),
            col(JobRow.created_at) >= asked.again_after,
        )
        .order_by(col(JobRow.created_at).desc())
        .limit(1)
    )
    if earlier is not None:
        raise Refused(Repeated(earlier=job_of(earlier)))


def _unended(session: Session, team_id: str, user_id: str) -> int:
    count = sa.select(sa.func.count()).where(
        col(JobRow.team_id) == team_id, col(JobRow.user_id) == user_id, col(JobRow.state).not_in(ENDED_STATES)
    )
    return session.scalar(count) or 0


def _new_job(session: Session, asked: Acceptance) -> JobRow:
    order = asked.order
    row = JobRow(
        id=asked.job_id,
        team_id=order.team_id,
        number=_next_number(session, order.team_id),
        order_key=asked.order_key,
        user_id=order.user_id,
        slack_channel_id=order.place.slack_channel_id,
        thread_ts=order.place.thread_ts,
        prompt=order.prompt,
        prompt_hash=_prompt_hash(order.prompt),
        wanted=wanted_of(order),
        state=JobState.QUEUED.value,
        state_since=asked.created_at,
        created_at=asked.created_at,
        held_usd_micros=asked.usd_micros,
        catalogue_version=asked.catalogue_version,
        waiting=Waiting.TURN.value,
    )
    session.add(row)
    session.flush()
    return row


def _next_number(session: Session, team_id: str) -> int:
    counted = (
        insert_for(session, WorkspaceRow)
        .values(team_id=team_id, last_number=1)
        .on_conflict_do_update(index_elements=["team_id"], set_={"last_number": WorkspaceRow.last_number + 1})
        .returning(col(WorkspaceRow.last_number))
    )
    return session.execute(counted).scalar_one()


def _prompt_hash(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest()
