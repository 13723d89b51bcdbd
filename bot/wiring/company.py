"""Other processes on the same database: none beside a SQLite file, which we hold alone; any number on Postgres."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from bot.jobs import workflow
from bot.jobs.bell import Bell, Ring
from bot.jobs.peers import Beats, Peers
from bot.jobs.surface import Surface
from bot.store.peers import StoredPeers
from bot.store.postgres import is_postgres
from bot.store.wire import PostgresWire
from bot.wiring.ground import Ground
from bot.wiring.lifelines import Loops

Loop = Callable[[], Coroutine[Any, Any, None]]


class Company:
    def __init__(self, peers: Peers | None, wire: PostgresWire | None) -> None:
        self._peers = peers
        self.wire = wire
        self._beating = Loops(*([peers.run] if peers is not None else []))

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """Around the engine: no story runs before we are known to live, and none any more once we say that we left.

        We beat from here on, because an engine that finds much to do may start for longer than a silence is forgiven.
        """
        if self._peers is None:
            yield
            return
        await self._peers.join()
        try:
            async with self._beating:
                yield
        finally:
            await self._peers.leave()

    async def problem(self) -> str:
        return self._peers.problem() if self._peers is not None else ""

    def loops(self, bell: Bell, surface: Surface) -> tuple[Loop, ...]:
        """For the time in which the engine runs."""
        peers, wire = self._peers, self.wire
        if peers is None or wire is None:
            return ()

        def heard(ring: Ring) -> None:
            if bell.heard(ring) and ring.job_id:
                surface.changed(ring.job_id)

        return self._beating.failed, peers.inherit, lambda: wire.run(heard)


def company_of(ground: Ground, *, me: str) -> Company:
    settings = ground.settings
    if not is_postgres(settings.database_url):
        return Company(None, None)
    beats = Beats(
        beat_s=settings.beat_s, fence_after_s=settings.fence_after_s, recover_after_s=settings.recover_after_s
    )
    book = StoredPeers(ground.store, stories_version=workflow.VERSION)
    peers = Peers(me, book=book, take_over=workflow.take_over, clock=ground.clock, alarm=ground.alarm, beats=beats)
    return Company(peers, PostgresWire(ground.store, clock=ground.clock))
