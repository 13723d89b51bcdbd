"""`slack.direct.EventBook` on our table: Slack repeats an event at whichever process it reaches."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.clock import Clock
from bot.slack.direct import EventBook
from bot.store.engine import Store
from bot.store.tables.slack import EventRow
from bot.store.upsert import inserted

KEPT = timedelta(hours=2)
"""Slack repeats an event for about an hour (Slack facts, 2026-11-21)."""


class StoredEvents:
    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def is_new(self, team_id: str, event_id: str) -> bool:
        now = self._clock.now()

        def work(session: Session) -> bool:
            session.execute(sa.delete(EventRow).where(col(EventRow.came_at) < now - KEPT))
            return inserted(session, EventRow, team_id=team_id, event_id=event_id, came_at=now)

        return await self._store.write(work)


_: type[EventBook] = StoredEvents
