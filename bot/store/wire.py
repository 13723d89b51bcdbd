"""`jobs.bell.Wire` on Postgres: rings are rows, and LISTEN/NOTIFY only says that there are new ones.

A lost announcement costs a sweep's time and no ring; a ring may be heard twice.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import timedelta

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.clock import Clock
from bot.jobs.bell import Ring, Wire
from bot.jobs.book import BookAway
from bot.store.engine import Store
from bot.store.postgres import CONNECT_TIMEOUT_S
from bot.store.tables.peers import RingRow

_log = logging.getLogger(__name__)

CHANNEL = "sora_ring"
SWEEP_S = 10.0
MISSED_WITHIN = timedelta(seconds=30)
"""How far back a sweep looks: longer than any transaction of ours takes to become visible."""
KEPT = timedelta(hours=1)
HEARD_MAX = 100_000
RECONNECT_S = 1.0
_NOW = sa.func.timezone("utc", sa.func.clock_timestamp())


class PostgresWire:
    def __init__(self, store: Store, *, clock: Clock, sweep_s: float = SWEEP_S) -> None:
        self._store = store
        self._clock = clock
        self._sweep_s = sweep_s
        self._heard: OrderedDict[int, None] = OrderedDict()

    async def send(self, ring: Ring) -> None:
        def work(session: Session) -> None:
            values = {"job_id": ring.job_id, "upstream": ring.upstream, "render_id": ring.render_id}
            session.execute(sa.insert(RingRow).values(rung_at=_NOW, **values))
            session.execute(sa.delete(RingRow).where(col(RingRow.rung_at) < _NOW - KEPT))
            session.execute(sa.select(sa.func.pg_notify(CHANNEL, "")))

        await self._store.write(work)

    async def run(self, heard: Callable[[Ring], object]) -> None:
        while True:
            try:
                await self._listen(heard)
            except (psycopg.Error, OSError, BookAway) as error:
                _log.warning("rings of other processes are not heard at the moment (%s)", type(error).__name__)
                await self._clock.sleep(RECONNECT_S)

    async def _listen(self, heard: Callable[[Ring], object]) -> None:
        url = self._store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, application_name="sora-bot rings"
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            while True:
                for ring in await self._unheard():
                    heard(ring)
                async for _ in connection.notifies(timeout=self._sweep_s, stop_after=1):
                    pass
                await asyncio.sleep(0)

    async def _unheard(self) -> Sequence[Ring]:
        recent = sa.select(RingRow).where(col(RingRow.rung_at) > _NOW - MISSED_WITHIN).order_by(col(RingRow.id))
        rows = await self._store.read(lambda session: session.scalars(recent).all())
        new = [row for row in rows if row.id not in self._heard]
        self._heard.update((row.id, None) for row in new if row.id is not None)
        while len(self._heard) > HEARD_MAX:
            self._heard.popitem(last=False)
        return [Ring(job_id=row.job_id, upstream=row.upstream, render_id=row.render_id) for row in new]


_: type[Wire] = PostgresWire
