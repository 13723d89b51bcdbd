"""What looks at services without paying."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.clock import Clock
from bot.store.engine import Store
from bot.store.probes import StoredProbes
from bot.store.upstreams import StoredHealths
from bot.upstreams.prober import Prober
from bot.upstreams.registry import Registry
from bot.upstreams.status_pages import opened_pages


@asynccontextmanager
async def opened_prober(store: Store, registry: Registry, clock: Clock) -> AsyncIterator[Prober]:
    async with opened_pages() as pages:
        yield Prober(
            registry=registry, healths=StoredHealths(store), book=StoredProbes(store), pages=pages, clock=clock
        )
