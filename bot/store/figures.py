"""How things stand in the whole database, for whoever watches: a few counts in one look, cheap at any size.

Everything begins at what has not ended, or at a workspace's latest jobs, which indexes hold: so the rows looked at are
those of work in hand, however many lie behind them.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.model import ENDED, JobState
from bot.slack.ports import CardState
from bot.store.circuits import circuits
from bot.store.engine import Store
from bot.store.tables.jobs import AttemptRow, JobRow, WorkspaceRow
from bot.store.tables.slack import CardRow
from bot.upstreams.circuit import Circuit

UNENDED = tuple(each.value for each in JobState if each not in ENDED)
LATEST = 500
"""Of jobs that have ended, so many per workspace are asked whether their card says so already."""
NOBODY = ""
"""In place of a service, for jobs that are at none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One moment, the same on every replica."""

    jobs: Mapping[tuple[str, str], int]
    """Unended ones by (state, service); the service is `NOBODY` while none has the job."""
    waiting: Mapping[str, int]
    """Queued ones by why they wait; empty: their turn has come."""
    oldest_since: Mapping[str, datetime]
    """By state: since when the job that has been in it longest has been there."""
    cards_behind: int
    circuits: Mapping[str, Circuit]


class StoredFigures:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def look(self) -> Figures:
        return await self._store.read(figures)


def figures(session: Session) -> Figures:
    wanted = (
        sa.select(
            col(JobRow.state),
            col(JobRow.waiting),
            col(AttemptRow.upstream),
            sa.func.count(),
            sa.func.min(col(JobRow.state_since)),
            sa.func.sum(_behind()),
        )
        .outerjoin(AttemptRow, col(AttemptRow.id) == col(JobRow.attempt_id))
        .outerjoin(CardRow, col(CardRow.job_id) == col(JobRow.id))
        .where(col(JobRow.state).in_(UNENDED))
        .group_by(col(JobRow.state), col(JobRow.waiting), col(AttemptRow.upstream))
    )
    jobs: Counter[tuple[str, str]] = Counter()
    waiting: Counter[str] = Counter()
    oldest: dict[str, datetime] = {}
    behind = 0
    for state, why, upstream, count, since, cards in session.execute(wanted):
        jobs[state, upstream or NOBODY] += count
        if state == JobState.QUEUED.value:
            waiting[why or ""] += count
        oldest[state] = min(since, oldest.get(state, since))
        behind += int(cards or 0)
    return Figures(
        jobs=dict(jobs),
        waiting=dict(waiting),
        oldest_since=oldest,
        cards_behind=behind + _ended_unsaid(session),
        circuits=circuits(session),
    )


def _ended_unsaid(session: Session) -> int:
    """Workspace by workspace: joined with them, SQLite walks all jobs and looks for each one's workspace."""
    unsaid = 0
    for team_id, last_number in session.execute(sa.select(col(WorkspaceRow.team_id), col(WorkspaceRow.last_number))):
        latest = (
            sa.select(sa.func.coalesce(sa.func.sum(_behind()), 0))
            .select_from(JobRow)
            .join(CardRow, col(CardRow.job_id) == col(JobRow.id))
            .where(col(JobRow.team_id) == team_id, col(JobRow.number) > last_number - LATEST)
            .where(col(JobRow.state).not_in(UNENDED))
        )
        unsaid += session.execute(latest).scalar_one()
    return unsaid


def _behind() -> sa.Case[int]:
    """1 for a card in Slack that does not show yet what its job's row says."""
    posted = col(CardRow.state) == CardState.POSTED.value
    return sa.case((sa.and_(posted, col(CardRow.shown_version) < col(JobRow.version)), 1), else_=0)
