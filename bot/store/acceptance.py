"""The transaction that turns orders into jobs: lock the balances, hold, count, write, start.

Orders that wait for the writer at the same moment share one transaction, because most of an order's cost is its
statements (45 ms for twenty alone, 2026-11-21). They are of different people, so that nothing but the limits is between
them, and the limits see them one after the other.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from bot.jobs.book import Acceptance, Committed, Full, Overdrawn, Repeated
from bot.jobs.model import Job, JobState, Waiting
from bot.jobs.ports import Enqueue
from bot.quota.limits import Limit
from bot.store import ledger, quota
from bot.store.balances import payers_of
from bot.store.job_rows import ENDED_STATES, job_of, standing_of, wanted_of
from bot.store.tables.jobs import JobRow, WorkspaceRow
from bot.store.upsert import dialect_of, insert_on, table_of

Answer = Committed | Repeated | Overdrawn | Full

# Built once, with their values bound at the call: see `balances`.
_JOB = table_of(JobRow)
_SAME_ORDERS = sa.select(*_JOB.c).where(
    sa.tuple_(_JOB.c.team_id, _JOB.c.order_key).in_(sa.bindparam("of_orders", expanding=True))
)
_SAME_PROMPTS = (
    sa.select(*_JOB.c)
    .where(
        sa.tuple_(_JOB.c.team_id, _JOB.c.user_id, _JOB.c.slack_channel_id, _JOB.c.prompt_hash).in_(
            sa.bindparam("of_prompts", expanding=True)
        ),
        _JOB.c.created_at >= sa.bindparam("since"),
    )
    .order_by(_JOB.c.created_at)
)
_UNENDED = (
    sa.select(_JOB.c.team_id, _JOB.c.user_id, sa.func.count())
    .where(
        sa.tuple_(_JOB.c.team_id, _JOB.c.user_id).in_(sa.bindparam("of_people", expanding=True)),
        _JOB.c.state.not_in(ENDED_STATES),
    )
    .group_by(_JOB.c.team_id, _JOB.c.user_id)
)
_AHEAD = sa.select(sa.func.count()).where(
    _JOB.c.team_id == sa.bindparam("team_id"),
    _JOB.c.user_id == sa.bindparam("user_id"),
    _JOB.c.number < sa.bindparam("number"),
    _JOB.c.state.not_in(ENDED_STATES),
)
_INSERT_JOBS = sa.insert(_JOB)


@cache
def _count(dialect: str) -> ReturningInsert[str, int]:
    """Take as many numbers as there are new jobs; the answer is the last of them."""
    workspaces = table_of(WorkspaceRow)
    insert = insert_on(dialect, workspaces)
    return insert.on_conflict_do_update(
        index_elements=["team_id"], set_={"last_number": workspaces.c.last_number + insert.excluded.last_number}
    ).returning(workspaces.c.team_id, workspaces.c.last_number)


def accept(
    session: Session, orders: Sequence[Acceptance], *, limits: tuple[Limit, ...], zone: ZoneInfo, enqueue: Enqueue
) -> list[Answer]:
    """Write the jobs of different people and everything that must not part from them. An answer per order, in sequence.

    Raises:
        IntegrityError: one of them was committed elsewhere in this very moment; asking again finds it.
    """
    wanted = {asked.job_id: _hold_wanted(asked, zone) for asked in orders}
    holds = quota.Holds(session, list(wanted.values()), limits=limits, tz=zone)
    before = _Before(session, orders)
    answers: dict[str, Answer] = {}
    fresh: list[Acceptance] = []
    for asked in orders:
        turned_away = before.answer(session, asked)
        if turned_away is not None:
            answers[asked.job_id] = turned_away
            continue
        held = holds.ask(wanted[asked.job_id], now=asked.created_at)
        if isinstance(held, quota.OverLimit):
            answers[asked.job_id] = Overdrawn(standing=standing_of(held.standing))
        else:
            fresh.append(asked)
    holds.write()
    # The newest number: whoever of this person's has not ended is ahead of it.
    places = [_place(before.unended[_person(asked)], asked.running_max) for asked in fresh]
    for asked, place, job in zip(fresh, places, _new_jobs(session, fresh, places), strict=True):
        enqueue(session, job.id, f"{job.order.team_id}:{job.order.user_id}")
        answers[asked.job_id] = Committed(job=job, fresh=True, queue_place=place)
    return [answers[asked.job_id] for asked in orders]


def queue_place(session: Session, row: Any, running_max: int) -> int:
    """0: it starts now; n: the n-th of this person's waiting videos."""
    if row.state != JobState.QUEUED.value:
        return 0
    ahead = session.scalar(_AHEAD, {"team_id": row.team_id, "user_id": row.user_id, "number": row.number})
    return _place(ahead or 0, running_max)


class _Before:
    """What these people have asked before. Read under the lock of their balances, so it stays true to the commit."""

    def __init__(self, session: Session, orders: Sequence[Acceptance]) -> None:
        keys = [(asked.order.team_id, asked.order_key) for asked in orders]
        known = session.execute(_SAME_ORDERS, {"of_orders": keys})
        self._known = {(row.team_id, row.order_key): row for row in known}
        prompts = {_prompt_key(asked): asked.again_after for asked in orders if asked.again_after is not None}
        self._prompts = self._asked_lately(session, prompts) if prompts else {}
        people = [_person(asked) for asked in orders]
        self.unended = Counter(
            {(team, user): count for team, user, count in session.execute(_UNENDED, {"of_people": people})}
        )

    def answer(self, session: Session, asked: Acceptance) -> Committed | Repeated | Full | None:
        """None: it is new, and there is room for it."""
        known = self._known.get((asked.order.team_id, asked.order_key))
        if known is not None:
            place = queue_place(session, known, asked.running_max)
            return Committed(job=job_of(known), fresh=False, queue_place=place)
        lately = self._prompts.get(_prompt_key(asked))
        if asked.again_after is not None and lately is not None:
            return Repeated(earlier=job_of(lately))
        return Full() if self.unended[_person(asked)] >= asked.unended_max else None

    def _asked_lately(
        self, session: Session, prompts: dict[tuple[str, ...], datetime]
    ) -> dict[tuple[str, ...], sa.Row[Any]]:
        """The latest of each; the query ends with the newest."""
        rows = session.execute(_SAME_PROMPTS, {"of_prompts": list(prompts), "since": min(prompts.values())})
        found = {(row.team_id, row.user_id, row.slack_channel_id, row.prompt_hash): row for row in rows}
        return {key: row for key, row in found.items() if row.created_at >= prompts[key]}


def _new_jobs(session: Session, fresh: Sequence[Acceptance], places: Sequence[int]) -> list[Job]:
    if not fresh:
        return []
    wanted = Counter(asked.order.team_id for asked in fresh)
    jobs = []
    following = {team: last - wanted[team] + 1 for team, last in _last_numbers(session, wanted).items()}
    for asked, place in zip(fresh, places, strict=True):
        team = asked.order.team_id
        jobs.append(_new_job(asked, number=following[team], waiting=Waiting.TURN if place else None))
        following[team] += 1
    session.execute(_INSERT_JOBS, [_values(job, asked) for job, asked in zip(jobs, fresh, strict=True)])
    return jobs


def _last_numbers(session: Session, wanted: Counter[str]) -> dict[str, int]:
    rows = [{"team_id": team, "last_number": count} for team, count in sorted(wanted.items())]
    return {row.team_id: row.last_number for row in session.execute(_count(dialect_of(session)), rows)}


def _new_job(asked: Acceptance, *, number: int, waiting: Waiting | None) -> Job:
    return Job(
        id=asked.job_id,
        number=number,
        order=asked.order,
        state=JobState.QUEUED,
        state_since=asked.created_at,
        created_at=asked.created_at,
        held_usd_micros=asked.usd_micros,
        catalogue_version=asked.catalogue_version,
        waiting=waiting,
    )


def _values(job: Job, asked: Acceptance) -> dict[str, Any]:
    order = job.order
    return {
        "id": job.id,
        "team_id": order.team_id,
        "number": job.number,
        "order_key": asked.order_key,
        "user_id": order.user_id,
        "slack_channel_id": order.place.slack_channel_id,
        "thread_ts": order.place.thread_ts,
        "prompt": order.prompt,
        "prompt_hash": _prompt_hash(order.prompt),
        "wanted": wanted_of(order),
        "state": job.state.value,
        "state_since": job.state_since,
        "created_at": job.created_at,
        "held_usd_micros": job.held_usd_micros,
        "catalogue_version": job.catalogue_version,
        "waiting": job.waiting.value if job.waiting else None,
    }


def _hold_wanted(asked: Acceptance, zone: ZoneInfo) -> ledger.Held:
    order = asked.order
    payers = payers_of(
        team_id=order.team_id,
        user_id=order.user_id,
        slack_channel_id=order.place.slack_channel_id,
        now=asked.created_at,
        tz=zone,
    )
    return ledger.Held(job_id=asked.job_id, payers=payers, usd_micros=asked.usd_micros)


def _person(asked: Acceptance) -> tuple[str, str]:
    return asked.order.team_id, asked.order.user_id


def _prompt_key(asked: Acceptance) -> tuple[str, ...]:
    order = asked.order
    return order.team_id, order.user_id, order.place.slack_channel_id, _prompt_hash(order.prompt)


def _place(ahead: int, running_max: int) -> int:
    return max(0, ahead - running_max + 1)


def _prompt_hash(prompt: str) -> str:
    return hashlib.sha256(prompt.encode()).hexdigest()
