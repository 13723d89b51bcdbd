"""`slack.ports.Cards` on our tables. Every change is compared with the state it starts from, in the database."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.slack.ports import POSTS_MAX, Card, Cards, CardState, Lease, PosterState, Shown
from bot.store.card_looks import OF_JOB, CardLooks, card_of
from bot.store.compared import hits
from bot.store.job_rows import ENDED_STATES
from bot.store.locking import locked_one
from bot.store.tables.jobs import JobRow
from bot.store.tables.slack import CardLeaseRow, CardRow
from bot.store.upsert import inserted, table_of

NO_ANSWER = (CardState.INTENT.value, CardState.UNKNOWN.value)
_CARD = table_of(CardRow)
"""Changed as a table, past the ORM: a dozen times for each video."""


class StoredCards(CardLooks):
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
            return card_of(session.execute(OF_JOB, {"job_id": job_id}).one())

        return await self._store.write(work)

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


_: type[Cards] = StoredCards
