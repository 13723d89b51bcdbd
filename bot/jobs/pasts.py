"""How services have done, read at most once in a while: many cards and people ask, and it changes slowly."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.jobs.single_flight import SingleFlight
from bot.upstreams.past import ServicePast, ServicePasts
from bot.upstreams.registry import Registry

FRESH_FOR = timedelta(seconds=30)


class Pasts:
    def __init__(self, registry: Registry, pasts: ServicePasts | None, clock: Clock) -> None:
        self._models = {each.name: frozenset(model.name for model in each.models) for each in registry.upstreams}
        self._pasts = pasts
        self._clock = clock
        self._known: Mapping[str, ServicePast] = {}
        self._read_at: datetime | None = None
        self._flight = SingleFlight()

    async def all(self) -> Mapping[str, ServicePast]:
        """By service; empty where nobody remembers."""
        if self._read_at is not None and abs(self._clock.now() - self._read_at) <= FRESH_FOR:
            return self._known
        return await self._flight.look("all", self._read)

    async def _read(self) -> Mapping[str, ServicePast]:
        if self._pasts is not None:
            self._known = await self._pasts.of(self._models, now=self._clock.now())
        self._read_at = self._clock.now()
        return self._known
