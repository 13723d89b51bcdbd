"""The notice writer's clock: it sweeps every five seconds after something has changed, and ever more rarely after that.

What it tells follows from the rows of incidents, and from time only by the quarter of an hour and longer.
"""

import asyncio
from datetime import datetime

from bot.clock import Clock
from tests.simulator.ground import Ground
from tests.simulator.virtual_loop import VirtualClock

BUSY_S = 30.0
"""So long after a change every sweep is made; then the pauses grow with the time that has passed."""
SHARE = 0.1
PAUSE_MAX_S = 1800.0


class SparseSweeps:
    def __init__(self, clock: VirtualClock, ground: Ground) -> None:
        self._clock = clock
        self._ground = ground

    def now(self) -> datetime:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        calm_s = asyncio.get_running_loop().time() - self._ground.incident_changed_s
        await asyncio.sleep(seconds)
        if calm_s < BUSY_S:
            return
        changed = self._ground.incident_changed
        try:
            async with asyncio.timeout(min(SHARE * calm_s, PAUSE_MAX_S)):
                await changed.wait()
        except TimeoutError:
            return


_: type[Clock] = SparseSweeps
