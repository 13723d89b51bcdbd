"""`slack.ports.Cards` on our tables. Every change is compared with the state it starts from, in the database."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.slack.ports import POSTS_MAX, Card, Cards, CardState, Lease, OpenCard, OpenCards, PosterState, Shown
from bot.store.compared import hits
from bot.store.engine import Store
from bot.store.job_rows import ENDED_STATES
from bot.store.locking import locked_one
from bot.store.tables.jobs import JobRow
from bot.store.tables.slack import CardLeaseRow, CardRow
from bot.store.upsert import inserted, table_of

NO_ANSWER = (CardState.INTENT.value, CardState.UNKNOWN.value)
SETTLED = (CardState.REFUSED.value, CardState.OWED.value)
LOOKED_AT_MAX = 20
_JOB, _CARD = table_of(JobRow), table_of(CardRow)
"""Read and changed as tables, past the ORM: a dozen times for each video."""
_ONE = sa.select(*_CARD.c).where(_CARD.c.job_id == sa.bindparam("job_id"))
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


class StoredCards:
    def __init__(self, store: Store, *, looked_at_max: int = LOOKED_AT_MAX) -> None:
        """`looked_at_max`: so many cards of each sort are looked at for one edit."""
        self._store = store
        self._looked_at_max = looked_at_max

    async def owe(self, job_id: str, team_id: str, slack_channel_id: str, thread_ts: str | None) -> Card:
        def work(session: Session) -> Card:
            inserted(
                session,
                CardRow,
                job_id=job_id,
                team_id=team_id,
                slack_channel_id=slack_channel_id,
                asked_thread_ts=thread_ts,
                state=CardState.OWED.value,
                posts=0,
                shown_version=0,
                shown_hash="",
                refusal="",
                poster=PosterState.NONE.value,
                poster_file_id="",
            )
            return _card(session.execute(_ONE, {"job_id": job_id}).one())

        return await self._store.write(work)

    async def card(self, job_id: str) -> Card | None:
        def look(session: Session) -> Card | None:
            row = session.execute(_ONE, {"job_id": job_id}).one_or_none()
            return None if row is None else _card(row)

        return await self._store.read(look)

    async def intend(self, job_id: str, *, was: CardState, at: datetime) -> bool:
        return await self._set(
            job_id, (was.value,), state=CardState.INTENT.value, posts=_CARD.c.posts + 1, intent_at=at
        )

    async def unsent(self, job_id: str, *, back_to: CardState) -> None:
        await self._set(job_id, (CardState.INTENT.value,), state=back_to.value, posts=_CARD.c.posts - 1)

    async def posted(self, job_id: str, *, slack_channel_id: str, ts: str, thread_ts: str | None, shown: Shown) -> None:
        """Surely: nobody tells us again where it is, and one of which that is not known gets a second card."""
        await self._set(
            job_id,
            NO_ANSWER,
            surely=True,
            state=CardState.POSTED.value,
            slack_channel_id=slack_channel_id,
            asked_thread_ts=thread_ts,
            ts=ts,
            shown_version=shown.version,
            shown_hash=shown.hash,
            shown_at=shown.at,
            open=True,
        )

    async def lost(self, job_id: str) -> None:
        await self._set(job_id, (CardState.INTENT.value,), state=CardState.UNKNOWN.value)

    async def refused(self, job_id: str, refusal: str, *, leaves: CardState) -> None:
        await self._set(job_id, (CardState.INTENT.value,), state=leaves.value, refusal=refusal)

    async def gone(self, job_id: str, ts: str) -> None:
        await self._set(job_id, (CardState.POSTED.value,), _CARD.c.ts == ts, state=CardState.GONE.value)

    async def taken_away(self, job_id: str) -> None:
        await self._set(job_id, None, state=CardState.GONE.value, posts=POSTS_MAX, final_repeat_at=None)

    async def adopt(self, job_id: str, slack_channel_id: str, ts: str) -> bool:
        return await self._set(
            job_id,
            NO_ANSWER,
            state=CardState.POSTED.value,
            slack_channel_id=slack_channel_id,
            ts=ts,
            shown_version=0,
            shown_hash="",
            open=True,
        )

    async def shown(self, job_id: str, shown: Shown, *, final_repeat_at: datetime | None) -> None:
        posted = sa.update(_CARD).where(_CARD.c.job_id == job_id, _CARD.c.state == CardState.POSTED.value)

        def work(session: Session) -> None:
            job = locked_one(session, JobRow, job_id)  # before the card, as whoever changes an ended job does
            rests = final_repeat_at is None and job.state in ENDED_STATES and job.version <= shown.version
            session.execute(
                posted.values(
                    shown_version=shown.version,
                    shown_hash=shown.hash,
                    shown_at=shown.at,
                    final_repeat_at=final_repeat_at,
                    open=not rests,
                )
            )

        await self._store.write(work)

    async def doubted(self, job_id: str, *, until: datetime) -> None:
        await self._set(job_id, (CardState.POSTED.value,), doubt_until=until)

    async def begin_poster(self, job_id: str) -> bool:
        return await self._set(job_id, None, _CARD.c.poster == PosterState.NONE.value, poster=PosterState.TRYING.value)

    async def poster(self, job_id: str, state: PosterState, file_id: str) -> None:
        await self._set(job_id, None, poster=state.value, poster_file_id=file_id)

    async def teams(self) -> list[str]:
        wanted = sa.select(_CARD.c.team_id).where(_MAY_SHOW).distinct()
        return await self._store.read(lambda session: list(session.scalars(wanted)))

    async def open(self, team_id: str, *, aside: Collection[str] = ()) -> OpenCards:
        asked = {"team_id": team_id, "aside": list(aside), "looked_at_max": self._looked_at_max}

        def look(session: Session) -> OpenCards:
            return OpenCards(
                cards=tuple(
                    OpenCard(
                        card=_card(row),
                        version=row.version,
                        ended=row.job_state in ENDED_STATES,
                        removed=row.removed_at is not None,
                    )
                    for row in session.execute(_MOST_URGENT, asked)
                ),
                unended=session.execute(_COUNT_UNENDED, asked).scalar_one(),
            )

        return await self._store.read(look)

    async def lease(self, team_id: str, holder: str, *, now: datetime, until: datetime, at_once: bool) -> Lease | None:
        def work(session: Session) -> Lease | None:
            if inserted(session, CardLeaseRow, team_id=team_id, holder=holder, expires_at=until):
                return Lease(paused_until=None, taken_over_at=None)
            row = locked_one(session, CardLeaseRow, team_id)
            if row.holder != holder:
                if row.expires_at > now and not at_once:
                    return None
                row.holder, row.taken_over_at = holder, now
            row.expires_at = until
            return Lease(paused_until=row.paused_until, taken_over_at=row.taken_over_at)

        return await self._store.write(work)

    async def give_up(self, holder: str, *, now: datetime) -> None:
        over = sa.update(CardLeaseRow).where(col(CardLeaseRow.holder) == holder, col(CardLeaseRow.expires_at) > now)
        await self._store.write(lambda session: session.execute(over.values(expires_at=now)))

    async def pause(self, team_id: str, *, until: datetime) -> None:
        paused = sa.update(CardLeaseRow).where(col(CardLeaseRow.team_id) == team_id).values(paused_until=until)
        await self._store.write(lambda session: session.execute(paused))

    async def _set(
        self,
        job_id: str,
        was: tuple[str, ...] | None,
        *conditions: sa.ColumnElement[bool],
        surely: bool = False,
        **values: Any,
    ) -> bool:
        change = sa.update(_CARD).where(_CARD.c.job_id == job_id, *conditions).values(**values)
        if was is not None:
            change = change.where(_CARD.c.state.in_(was))
        return await (self._store.write_surely if surely else self._store.write)(hits(change))


def _card(row: Any) -> Card:
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


_: type[Cards] = StoredCards
