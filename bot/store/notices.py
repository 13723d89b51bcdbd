"""`slack.notice_ports.NoticeBook` on our tables. Every change is compared with the state it starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.slack.admin_ports import NoticeKind
from bot.slack.notice_ports import MailState, Notice, NoticeBook, NoticeLease, NoticeState
from bot.store.admin_settings import mailing
from bot.store.compared import hits
from bot.store.engine import Store
from bot.store.locking import locked_one
from bot.store.tables.jobs import WorkspaceRow
from bot.store.tables.notices import (
    AdminSettingsRow,
    NoticeChannelRow,
    NoticeLeaseRow,
    NoticeMailRow,
    NoticeReplyRow,
    NoticeRow,
)
from bot.store.upsert import inserted

ON_ITS_WAY = (NoticeState.INTENT.value,)


class StoredNotices:
    def __init__(self, store: Store, *, home: str = "") -> None:
        """`home`: the workspace that this process serves, known before anybody did anything there."""
        self._store = store
        self._home = home

    async def teams(self) -> Sequence[str]:
        known = sa.union(sa.select(col(WorkspaceRow.team_id)), sa.select(col(AdminSettingsRow.team_id)))
        found = await self._store.read(lambda session: set(session.scalars(known)))
        return sorted(found | ({self._home} if self._home else set()))

    async def lease(
        self, team_id: str, holder: str, *, now: datetime, until: datetime, at_once: bool
    ) -> NoticeLease | None:
        def work(session: Session) -> NoticeLease | None:
            if inserted(session, NoticeLeaseRow, team_id=team_id, holder=holder, expires_at=until):
                return NoticeLease(paused_until=None)
            row = locked_one(session, NoticeLeaseRow, team_id)
            if row.holder != holder and row.expires_at > now and not at_once:
                return None
            row.holder, row.expires_at = holder, until
            return NoticeLease(paused_until=row.paused_until)

        return await self._store.write(work)

    async def give_up(self, holder: str, *, now: datetime) -> None:
        mine = sa.update(NoticeLeaseRow).where(
            col(NoticeLeaseRow.holder) == holder, col(NoticeLeaseRow.expires_at) > now
        )
        await self._store.write(lambda session: session.execute(mine.values(expires_at=now)))

    async def pause(self, team_id: str, *, until: datetime) -> None:
        paused = sa.update(NoticeLeaseRow).where(col(NoticeLeaseRow.team_id) == team_id).values(paused_until=until)
        await self._store.write(lambda session: session.execute(paused))

    async def channels(self, team_id: str) -> Mapping[NoticeKind, Sequence[str]]:
        of_team = sa.select(NoticeChannelRow).where(col(NoticeChannelRow.team_id) == team_id)

        def look(session: Session) -> Mapping[NoticeKind, Sequence[str]]:
            chosen: dict[NoticeKind, list[str]] = {}
            for row in session.scalars(of_team):
                chosen.setdefault(NoticeKind(row.kind), []).append(row.slack_channel_id)
            return chosen

        return await self._store.read(look)

    async def notices(self, team_id: str, topics: Sequence[str]) -> Sequence[Notice]:
        found = sa.select(NoticeRow).where(col(NoticeRow.team_id) == team_id, col(NoticeRow.topic).in_(topics))
        return await self._store.read(lambda session: [_notice(row) for row in session.scalars(found)])

    async def owe(self, team_id: str, topic: str, slack_channel_id: str) -> Notice:
        key = {"team_id": team_id, "topic": topic, "slack_channel_id": slack_channel_id}

        def work(session: Session) -> Notice:
            inserted(
                session,
                NoticeRow,
                **key,
                state=NoticeState.OWED.value,
                posts=0,
                shown_hash="",
                over=False,
                refusal="",
            )
            return _notice(session.scalars(sa.select(NoticeRow).filter_by(**key)).one())

        return await self._store.write(work)

    async def intend(self, notice: Notice, *, at: datetime) -> Notice | None:
        posts = col(NoticeRow.posts) == notice.posts
        values = {"state": NoticeState.INTENT.value, "posts": notice.posts + 1, "intent_at": at}
        if await self._set(notice, (notice.state.value,), posts, **values):
            return replace(notice, state=NoticeState.INTENT, posts=notice.posts + 1)
        return None

    async def unsent(self, notice: Notice, *, back_to: NoticeState) -> None:
        await self._set(notice, ON_ITS_WAY, state=back_to.value, posts=NoticeRow.posts - 1)

    async def posted(self, notice: Notice, *, ts: str, shown_hash: str, at: datetime, over: bool) -> None:
        """Surely: nobody tells us again where it is."""
        values = {"ts": ts, "state": NoticeState.POSTED.value, "shown_hash": shown_hash, "shown_at": at, "over": over}
        change = sa.update(NoticeRow).where(col(NoticeRow.id) == notice.id, col(NoticeRow.state).in_(ON_ITS_WAY))
        await self._store.write_surely(hits(change.values(**values)))

    async def ended(self, notice: Notice, state: NoticeState, *, refusal: str = "") -> None:
        await self._set(notice, (notice.state.value,), state=state.value, refusal=refusal)

    async def shown(self, notice: Notice, *, shown_hash: str, at: datetime, over: bool) -> None:
        await self._set(notice, (NoticeState.POSTED.value,), shown_hash=shown_hash, shown_at=at, over=over)

    async def replied(self, notice: Notice) -> Mapping[str, NoticeState]:
        of_notice = sa.select(NoticeReplyRow).where(col(NoticeReplyRow.notice_id) == notice.id)
        return await self._store.read(
            lambda session: {row.reply: NoticeState(row.state) for row in session.scalars(of_notice)}
        )

    async def begin_reply(self, notice: Notice, key: str, *, at: datetime) -> bool:
        owed = (
            sa.update(NoticeReplyRow)
            .where(col(NoticeReplyRow.notice_id) == notice.id, col(NoticeReplyRow.reply) == key)
            .where(col(NoticeReplyRow.state) == NoticeState.OWED.value)
            .values(state=NoticeState.INTENT.value, intent_at=at)
        )
        values = {"team_id": notice.team_id, "state": NoticeState.INTENT.value, "intent_at": at}

        def work(session: Session) -> bool:
            return inserted(session, NoticeReplyRow, notice_id=notice.id, reply=key, **values) or hits(owed)(session)

        return await self._store.write(work)

    async def reply_ended(self, notice: Notice, key: str, state: NoticeState) -> None:
        begun = sa.update(NoticeReplyRow).where(
            col(NoticeReplyRow.notice_id) == notice.id,
            col(NoticeReplyRow.reply) == key,
            col(NoticeReplyRow.state) == NoticeState.INTENT.value,
        )
        await self._store.write(hits(begun.values(state=state.value)))

    async def mails(self, team_id: str) -> bool:
        return await self._store.read(lambda session: mailing(session, team_id))

    async def mail_states(self, team_id: str, keys: Sequence[str]) -> Mapping[str, MailState]:
        found = sa.select(NoticeMailRow).where(col(NoticeMailRow.team_id) == team_id, col(NoticeMailRow.mail).in_(keys))
        return await self._store.read(
            lambda session: {row.mail: MailState(row.state) for row in session.scalars(found)}
        )

    async def begin_mail(self, team_id: str, key: str, *, at: datetime, again_before: datetime) -> int | None:
        again = sa.update(NoticeMailRow).where(
            col(NoticeMailRow.team_id) == team_id,
            col(NoticeMailRow.mail) == key,
            col(NoticeMailRow.state) == MailState.AGAIN.value,
            col(NoticeMailRow.intent_at) <= again_before,
        )
        new = {"state": MailState.INTENT.value, "intent_at": at}

        def work(session: Session) -> int | None:
            if inserted(session, NoticeMailRow, team_id=team_id, mail=key, tries=1, failure="", **new):
                return 1
            if hits(again.values(tries=NoticeMailRow.tries + 1, **new))(session):
                return session.get_one(NoticeMailRow, (team_id, key), populate_existing=True).tries
            return None

        return await self._store.write(work)

    async def mail_ended(self, team_id: str, key: str, state: MailState, *, failure: str = "") -> None:
        begun = sa.update(NoticeMailRow).where(
            col(NoticeMailRow.team_id) == team_id,
            col(NoticeMailRow.mail) == key,
            col(NoticeMailRow.state) == MailState.INTENT.value,
        )
        await self._store.write(hits(begun.values(state=state.value, failure=failure)))

    async def refused_places(self, team_id: str) -> Mapping[str, str]:
        latest = (
            sa.select(sa.func.max(col(NoticeRow.id)))
            .where(col(NoticeRow.team_id) == team_id)
            .group_by(col(NoticeRow.slack_channel_id))
        )
        refused = sa.select(NoticeRow).where(
            col(NoticeRow.id).in_(latest),
            col(NoticeRow.state) == NoticeState.REFUSED.value,
        )
        return await self._store.read(
            lambda session: {row.slack_channel_id: row.refusal for row in session.scalars(refused)}
        )

    async def _set(
        self, notice: Notice, was: tuple[str, ...], *conditions: sa.ColumnElement[bool], **values: Any
    ) -> bool:
        change = sa.update(NoticeRow).where(col(NoticeRow.id) == notice.id, col(NoticeRow.state).in_(was), *conditions)
        return await self._store.write(hits(change.values(**values)))


def _notice(row: NoticeRow) -> Notice:
    return Notice(
        id=row.id or 0,
        team_id=row.team_id,
        topic=row.topic,
        slack_channel_id=row.slack_channel_id,
        state=NoticeState(row.state),
        posts=row.posts,
        ts=row.ts,
        shown_hash=row.shown_hash,
        shown_at=row.shown_at,
        over=row.over,
    )


_: type[NoticeBook] = StoredNotices
