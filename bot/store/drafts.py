"""Drafts in the database. Old ones go whenever a new one comes, so nobody has to sweep."""

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.clock import Clock, NewId
from bot.slack.drafts import DRAFT_JSON, DRAFT_LIFE, Draft, DraftBook
from bot.store.engine import Store
from bot.store.tables.drafts import DraftRow


class StoredDrafts:
    """`bot.slack.drafts.DraftBook` on a `Store`."""

    def __init__(self, store: Store, *, clock: Clock, new_id: NewId) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    async def put(self, draft: Draft) -> str:
        draft_id, now = self._new_id(), self._clock.now()
        row = DraftRow(
            id=draft_id,
            team_id=draft.wish.team_id,
            user_id=draft.wish.user_id,
            draft=DRAFT_JSON.dump_json(draft).decode(),
            expires_at=now + DRAFT_LIFE,
        )

        def work(session: Session) -> None:
            session.execute(sa.delete(DraftRow).where(col(DraftRow.expires_at) <= now))
            session.add(row)

        await self._store.write(work)
        return draft_id

    async def get(self, team_id: str, user_id: str, draft_id: str) -> Draft | None:
        now = self._clock.now()

        def work(session: Session) -> str | None:
            row = session.get(DraftRow, draft_id)
            if row is None or (row.team_id, row.user_id) != (team_id, user_id) or row.expires_at <= now:
                return None
            return row.draft

        kept = await self._store.read(work)
        return None if kept is None else DRAFT_JSON.validate_json(kept)


_: type[DraftBook] = StoredDrafts
