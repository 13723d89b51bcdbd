"""Looking at cards: where each stands, and which have something to show. Nothing here changes a row."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.slack.ports import POSTS_MAX, Card, CardState, OpenCard, OpenCards, PosterState
from bot.store.engine import Store
from bot.store.job_rows import ENDED_STATES
from bot.store.tables.jobs import JobRow
from bot.store.tables.slack import CardRow
from bot.store.upsert import table_of

SETTLED = (CardState.REFUSED.value, CardState.OWED.value)
LOOKED_AT_MAX = 20
_JOB, _CARD = table_of(JobRow), table_of(CardRow)
"""Read as tables, past the ORM: a dozen times for each video."""
OF_JOB = sa.select(*_CARD.c).where(_CARD.c.job_id == sa.bindparam("job_id"))
_UNENDED = _JOB.c.state.not_in(ENDED_STATES)
_BEHIND = _CARD.c.shown_version < _JOB.c.version
_POSTED = _CARD.c.state == CardState.POSTED.value
_SORT = sa.case(
    (sa.and_(_POSTED, _BEHIND), "edit"),
    (sa.and_(_POSTED, _CARD.c.final_repeat_at.is_not(None)), "repeat"),
    (_POSTED, "refresh"),
    (_CARD.c.state == CardState.INTENT.value, "intent"),
    else_="post",
)
_WAITS_SINCE = sa.case(
    (_SORT == "repeat", _CARD.c.final_repeat_at), (_POSTED, _CARD.c.shown_at), else_=_CARD.c.intent_at
)
"""Within a sort, and apart for ended jobs and the others, the first by this is due first (`slack/pacing.py`)."""

_MAY_SHOW = sa.and_(
    _CARD.c.open.is_(True),
    _JOB.c.id == _CARD.c.job_id,
    _CARD.c.state.not_in(SETTLED),
    sa.or_(_POSTED, _CARD.c.posts < POSTS_MAX),
    sa.or_(_UNENDED, _BEHIND, _CARD.c.final_repeat_at.is_not(None)),
)
"""Cards joined with their jobs: those that may have something to show and can still be shown it."""
_OF_TEAM = sa.and_(_MAY_SHOW, _CARD.c.team_id == sa.bindparam("team_id"))
_COUNT_UNENDED = sa.select(sa.func.count()).where(_OF_TEAM, _UNENDED)
_PLACED = (
    sa.select(
        *_CARD.c,
        _JOB.c.version,
        _JOB.c.state.label("job_state"),
        _JOB.c.removed_at,
        sa.func.row_number().over(partition_by=(_UNENDED, _SORT), order_by=_WAITS_SINCE.nulls_first()).label("place"),
    )
    .where(_OF_TEAM, _CARD.c.job_id.not_in(sa.bindparam("aside", expanding=True)))
    .subquery()
)
_MOST_URGENT = sa.select(_PLACED).where(_PLACED.c.place <= sa.bindparam("looked_at_max"))


class CardLooks:
    """The reading half of `slack.ports.Cards`."""

    def __init__(self, store: Store, *, looked_at_max: int = LOOKED_AT_MAX) -> None:
        """`looked_at_max`: so many cards of each sort are looked at for one edit."""
        self._store = store
        self._looked_at_max = looked_at_max

    async def card(self, job_id: str) -> Card | None:
        def look(session: Session) -> Card | None:
            row = session.execute(OF_JOB, {"job_id": job_id}).one_or_none()
            return None if row is None else card_of(row)

        return await self._store.read(look)

    async def teams(self) -> list[str]:
        wanted = sa.select(_CARD.c.team_id).where(_MAY_SHOW).distinct()
        return await self._store.read(lambda session: list(session.scalars(wanted)))

    async def open(self, team_id: str, *, aside: Collection[str] = ()) -> OpenCards:
        asked = {"team_id": team_id, "aside": list(aside), "looked_at_max": self._looked_at_max}

        def look(session: Session) -> OpenCards:
            return OpenCards(
                cards=tuple(
                    OpenCard(
                        card=card_of(row),
                        version=row.version,
                        ended=row.job_state in ENDED_STATES,
                        removed=row.removed_at is not None,
                    )
                    for row in session.execute(_MOST_URGENT, asked)
                ),
                unended=session.execute(_COUNT_UNENDED, asked).scalar_one(),
            )

        return await self._store.read(look)


def card_of(row: Any) -> Card:
    """From a row of its columns."""
    return Card(
        job_id=row.job_id,
        team_id=row.team_id,
        slack_channel_id=row.slack_channel_id,
        asked_thread_ts=row.asked_thread_ts,
        ts=row.ts,
        state=CardState(row.state),
        posts=row.posts,
        intent_at=row.intent_at,
        shown_version=row.shown_version,
        shown_hash=row.shown_hash,
        shown_at=row.shown_at,
        doubt_until=row.doubt_until,
        final_repeat_at=row.final_repeat_at,
        refusal=row.refusal,
        poster=PosterState(row.poster),
        poster_file_id=row.poster_file_id,
    )
