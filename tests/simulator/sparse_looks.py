"""The prober's clock, on which it looks only while a look can see something: a month of calm looks costs minutes.

A healthy service is looked at every three minutes, and each look says the same. So the prober sleeps until a trouble
has lasted for a part of those three minutes, drawn for each, and looks until well after its end, but at every third of
its ticks. (At every sixth, five failing looks in a row take two minutes.)
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.upstreams.prober import CALM_S
from tests.simulator.services import Service
from tests.simulator.virtual_loop import VirtualClock
from tests.simulator.weather import Shape

TICKS = 3
CALMS_AFTER = timedelta(minutes=20)
"""The longest cool-off is 10 minutes, and what began in trouble fails later."""


class SparseLooks:
    def __init__(self, clock: VirtualClock, services: Sequence[Service]) -> None:
        self._clock = clock
        self._services = services

    def now(self) -> datetime:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        now = self.now()
        times = [self._from_to(each) for each in self._services]
        spans = [span for each in times for span in each]
        if any(begin <= now < end for begin, end in spans):
            await asyncio.sleep(TICKS * seconds)
            return
        coming = min((begin for begin, _ in spans if begin > now), default=now + timedelta(days=365))
        await asyncio.sleep((coming - now).total_seconds())

    def _from_to(self, service: Service) -> list[tuple[datetime, datetime]]:
        """When a look at it may see something."""
        return [
            (
                each.begin + timedelta(seconds=CALM_S * service.dial.trait("looked at", f"{service.name}-{nth}")),
                each.end + CALMS_AFTER,
            )
            for nth, each in enumerate(service.troubles)
            if each.shape is not Shape.GONE
        ]


_: type[Clock] = SparseLooks
