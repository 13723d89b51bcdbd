"""What looks at services without paying."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.store.probes import StoredProbes
from bot.upstreams.prober import Prober
from bot.upstreams.status_pages import opened_pages
from bot.wiring.ground import Ground
from bot.wiring.upstreams import Upstreams


@asynccontextmanager
async def opened_prober(ground: Ground, upstreams: Upstreams) -> AsyncIterator[Prober]:
    async with opened_pages() as pages:
        yield Prober(
            registry=upstreams.registry,
            healths=upstreams.healths,
            book=StoredProbes(ground.store),
            pages=pages,
            clock=ground.clock,
        )
