"""What /readyz asks, asked all the time: one line when a part goes down, one when it is back, and a gauge between."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from bot.clock import Clock
from bot.observing.meters import Meters

LOOK_S = 5.0
START_S = 30.0
"""So long a part may take to come up for the first time before anybody is told that it is down."""

_log = logging.getLogger(__name__)


class Availability:
    def __init__(
        self,
        problems: Callable[[], Awaitable[Mapping[str, str]]],
        *,
        parts: tuple[str, ...],
        meters: Meters,
        clock: Clock,
    ) -> None:
        """`problems`: what is wrong, by part; a part that is missing there is well."""
        self._problems = problems
        self._parts = parts
        self._meters = meters
        self._clock = clock
        self._began = clock.now()
        self._was_well: set[str] = set()
        self._down_since: dict[str, datetime] = {}

    async def run(self) -> None:
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        problems, now = await self._problems(), self._clock.now()
        for part in self._parts:
            words, since = problems.get(part, ""), self._down_since.get(part)
            self._meters.ready.labels(part=part).set(0 if words else 1)
            if not words:
                self._was_well.add(part)
            starting = part not in self._was_well and (now - self._began).total_seconds() < START_S
            if words and since is None and not starting:
                self._down_since[part] = now
                _log.warning("down", extra={"part": part, "problem": words})
            elif not words and since is not None:
                del self._down_since[part]
                _log.warning("back", extra={"part": part, "after_s": round((now - since).total_seconds(), 1)})
