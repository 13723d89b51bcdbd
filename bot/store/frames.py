"""`slack.frames.FrameBook` on our table: first frames in Slack that are still to be taken away."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.slack.frames import FrameBook
from bot.store.engine import Store
from bot.store.tables.slack import FirstFrameRow
from bot.store.upsert import inserted


class StoredFrames:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def granted(self, file_id: str, team_id: str, *, at: datetime) -> None:
        def work(session: Session) -> None:
            inserted(session, FirstFrameRow, file_id=file_id, team_id=team_id, granted_at=at)

        await self._store.write(work)

    async def older_than(self, at: datetime) -> list[str]:
        wanted = sa.select(col(FirstFrameRow.file_id)).where(col(FirstFrameRow.granted_at) < at)
        return await self._store.read(lambda session: list(session.scalars(wanted)))

    async def taken_away(self, file_id: str) -> None:
        def work(session: Session) -> None:
            session.execute(sa.delete(FirstFrameRow).where(col(FirstFrameRow.file_id) == file_id))

        await self._store.write(work)


_: type[FrameBook] = StoredFrames
