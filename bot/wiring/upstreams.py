"""The services' side: which there are, how they do, how fast they were lately, and what is left of the money there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.jobs.balances import Balances
from bot.jobs.paces import Paces
from bot.jobs.planning import Learned
from bot.jobs.standing import Standings
from bot.store.accounts import StoredBalances
from bot.store.history import StoredHistory
from bot.store.pasts import StoredPasts
from bot.store.upstreams import StoredHealths
from bot.upstreams.registry import Registry
from bot.wiring.ground import Ground
from bot.wiring.routing import registry_of
from bot.wiring.rules import risk_below_usd_micros
from bot.wiring.services import opened_services


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    registry: Registry
    healths: StoredHealths
    history: StoredHistory
    learned: Learned
    standings: Standings
    balances: Balances


@asynccontextmanager
async def opened_upstreams(ground: Ground) -> AsyncIterator[Upstreams]:
    """
    Raises:
        CatalogueError: a service has a key and no model with a price.
        SettingsError: the settings name a service or a model that there is not.
    """
    settings, store, clock = ground.settings, ground.store, ground.clock
    healths = StoredHealths(store)
    await healths.operator_acted(now=clock.now())
    async with opened_services(settings, ground.catalogue, clock) as accounts:
        registry = registry_of(ground.watch.services(accounts), settings, ground.catalogue)
        history = StoredHistory(store)
        yield Upstreams(
            registry=registry,
            healths=healths,
            history=history,
            learned=Paces(registry=registry, history=history, clock=clock).lately,
            standings=Standings(
                registry=registry,
                healths=healths,
                clock=clock,
                risk_below_usd_micros=risk_below_usd_micros(settings),
                pasts=StoredPasts(store),
            ),
            balances=Balances(registry, StoredBalances(store), clock, low_below_videos=settings.low_balance_videos),
        )
