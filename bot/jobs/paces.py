"""What videos took lately, service by service, for an operator who wants the fastest first."""

import asyncio
from datetime import datetime, timedelta
from statistics import median

from bot.clock import Clock
from bot.jobs.ports import RenderHistory
from bot.upstreams.policy import LearnedTimes, Policy
from bot.upstreams.registry import Registry

ENDS_MIN = 5
"""Of fewer the catalogue's figure is the better guess."""
ENDS_MAX = 20
FRESH_FOR = timedelta(minutes=1)


class Paces:
    """Read at most once a minute, and only where somebody asks by speed."""

    def __init__(self, *, registry: Registry, history: RenderHistory, clock: Clock) -> None:
        self._registry = registry
        self._history = history
        self._clock = clock
        self._reading = asyncio.Lock()
        self._read_at: datetime | None = None
        self._known: LearnedTimes = {}

    async def lately(self) -> LearnedTimes:
        """Median seconds by (service, model)."""
        if self._registry.routing.policy is not Policy.FASTEST:
            return {}
        async with self._reading:
            now = self._clock.now()
            if self._read_at is None or abs(now - self._read_at) > FRESH_FOR:
                self._known, self._read_at = await self._read(), now
            return self._known

    async def _read(self) -> LearnedTimes:
        found = {}
        for upstream in self._registry.upstreams:
            for model in upstream.models:
                ends = await self._history.recent_ends(upstream.name, model.name, limit=ENDS_MAX)
                if len(ends) >= ENDS_MIN:
                    found[upstream.name, model.name] = median(each.took_s for each in ends)
        return found
