"""`jobs.peers.PeerBook` on Postgres: who lives, by the database's own clock."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.peers import PeerBook
from bot.store.engine import Store
from bot.store.tables.peers import PeerRow
from bot.store.upsert import insert_for

# The durable engine's own table (dbos 3.4): only looked at, and only these columns.
_STORIES = sa.table("workflow_status", *map(sa.column, ("executor_id", "status", "application_version")), schema="dbos")
FORGOTTEN_AFTER = timedelta(days=1)
"""Who is not in the list is as dead as who has been silent for long; every start brings a new name."""
_NOW = sa.func.timezone("utc", sa.func.clock_timestamp())


class StoredPeers:
    def __init__(self, store: Store, *, stories_version: str) -> None:
        """`stories_version`: what the engine calls the stories that this program can take over."""
        self._store = store
        self._version = stories_version

    async def beat(self, me: str) -> None:
        def work(session: Session) -> None:
            seen = insert_for(session, PeerRow).values(id=me, seen_at=_NOW)
            session.execute(seen.on_conflict_do_update(index_elements=["id"], set_={"seen_at": _NOW}))
            session.execute(sa.delete(PeerRow).where(col(PeerRow.seen_at) < _NOW - FORGOTTEN_AFTER))

        await self._store.write(work)

    async def dead(self, *, silent_s: float) -> frozenset[str]:
        living = sa.select(col(PeerRow.id)).where(col(PeerRow.seen_at) > _NOW - timedelta(seconds=silent_s))
        left = (
            sa.select(_STORIES.c.executor_id)
            .where(
                _STORIES.c.status == "PENDING",
                _STORIES.c.application_version == self._version,
                _STORIES.c.executor_id.not_in(living),
            )
            .distinct()
        )
        return await self._store.read(lambda session: frozenset(session.scalars(left)))

    async def leave(self, *names: str) -> None:
        gone = sa.delete(PeerRow).where(col(PeerRow.id).in_(names))
        await self._store.write(lambda session: session.execute(gone))


_: type[PeerBook] = StoredPeers
