"""What the watcher knows of a model at a service: its forecast, and whether webhooks tell of its ends."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalogue.model import Model
from bot.clock import Clock
from bot.jobs.forecast import REMEMBERS, EndTimes, expected, learned
from bot.jobs.ports import PastEnd, RenderHistory

FRESH_FOR = timedelta(minutes=1)
MAY_STILL_COME = timedelta(minutes=1)
"""A webhook may arrive a moment after the look that saw the end."""
_UNKNOWN_MODEL = expected(typical_s=60, slow_s=180)
"""Of a model that was taken out of the settings while it rendered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    times: EndTimes
    untold: float
    """The chance that no webhook will tell of an end."""
    read_at: datetime


class Experience:
    """One row walk per model and minute, however many renders ask."""

    def __init__(self, history: RenderHistory, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._known: dict[tuple[str, str], Known] = {}
        self._reading: dict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, upstream: str, model_name: str, model: Model | None) -> Known:
        """Raises whatever keeps the database from answering."""
        key = upstream, model_name
        if (known := self._fresh(key)) is not None:
            return known
        async with self._reading[key]:
            if (known := self._fresh(key)) is not None:
                return known
            ends = await self._history.recent_ends(upstream, model_name, limit=REMEMBERS)
            now = self._clock.now()
            prior = _UNKNOWN_MODEL if model is None else expected(typical_s=model.typical_s, slow_s=model.slow_s)
            times = learned(prior, [each.took_s for each in ends])
            known = self._known[key] = Known(times=times, untold=untold(ends, now), read_at=now)
            return known

    def _fresh(self, key: tuple[str, str]) -> Known | None:
        known = self._known.get(key)
        if known is None or abs(self._clock.now() - known.read_at) > FRESH_FOR:
            return None
        return known


def untold(ends: Sequence[PastEnd], now: datetime) -> float:
    """By the rule of succession, from the latest ends, newest first. One that no webhook told of: trust begins anew."""
    in_a_row = 0
    for each in ends:
        if each.announced:
            in_a_row += 1
        elif now - each.ended_at > MAY_STILL_COME:
            break
    return 1 / (1 + in_a_row)
