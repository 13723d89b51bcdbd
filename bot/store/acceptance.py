"""The one transaction that turns an order into a job: lock the balances, hold, count, write, start."""

import hashlib
from functools import cache
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col

from bot.jobs.model import JobState, Waiting
from bot.jobs.ports import Acceptance, Committed, Enqueue, Full, Overdrawn, Repeated
from bot.quota.limits import Limit
from bot.store import quota
from bot.store.job_rows import ENDED_STATES, job_of, standing_of, wanted_of
from bot.store.tables.jobs import JobRow, WorkspaceRow
from bot.store.upsert import dialect_of, insert_on, table_of

# Built once, with their values bound at the call: see `balances`.
_SAME_ORDER = sa.select(JobRow).where(
    col(JobRow.team_id) == sa.bindparam("of_team"), col(JobRow.order_key) == sa.bindparam("of_order")
)
_SAME_PROMPT = (
    sa.select(JobRow)
    .where(
        col(JobRow.team_id) == sa.bindparam("of_team"),
        col(JobRow.user_id) == sa.bindparam("of_user"),
        col(JobRow.slack_channel_id) == sa.bindparam("of_channel"),
        col(JobRow.prompt_hash) == sa.bindparam("of_prompt"),
        col(JobRow.created_at) >= sa.bindparam("since"),
    )
    .order_by(col(JobRow.created_at).desc())
    .limit(1)
)
_UNENDED = sa.select(sa.func.count()).where(
    col(JobRow.team_id) == sa.bindparam("of_team"),
    col(JobRow.user_id) == sa.bindparam("of_user"),
    col(JobRow.state).not_in(ENDED_STATES),
)


@cache
def _count(dialect: str) -> ReturningInsert[int]:
    workspaces = table_of(WorkspaceRow)
    return (
        insert_on(dialect, workspaces)
        .on_conflict_do_update(index_elements=["team_id"], set_={"last_number": workspaces.c.last_number + 1})
        .returning(workspaces.c.last_number)
    )


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
    known = session.scalar(_SAME_ORDER, {"of_team": order.team_id, "of_order": asked.order_key})
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
    unended = _unended(session, order.team_id, order.user_id)
    if unended >= asked.unended_max:
        raise Refused(Full())
    if isinstance(held, quota.OverLimit):
        raise Refused(Overdrawn(standing=standing_of(held.standing)))
    row = _new_job(session, asked)
    enqueue(session, row.id, f"{order.team_id}:{order.user_id}")
    # The newest number: whoever of this person's has not ended is ahead of it.
    return Committed(job=job_of(row), fresh=True, queue_place=_place(unended, asked.running_max))


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
    return _place(ahead or 0, running_max)


def _place(ahead: int, running_max: int) -> int:
    return max(0, ahead - running_max + 1)


def _ask_again_first(session: Session, asked: Acceptance) -> None:
    if asked.again_after is None:
        return
    order = asked.order
    earlier = session.scalar(
        _SAME_PROMPT,
        {
            "of_team": order.team_id,
            "of_user": order.user_id,
            "of_channel": order.place.slack_channel_id,
            "of_prompt": _prompt_hash(order.prompt),
            "since": asked.again_after,
        },
    )
    if earlier is not None:
        raise Refused(Repeated(earlier=job_of(earlier)))


def _unended(session: Session, team_id: str, user_id: str) -> int:
    return session.scalar(_UNENDED, {"of_team": team_id, "of_user": user_id}) or 0


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
    counted: int = session.execute(_count(dialect_of(session)), {"team_id": team_id, "last_number": 1}).scalar_one()
    return counted


def _prompt_hash(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest()
