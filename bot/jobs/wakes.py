"""Pauses of single jobs that somebody may cut short: a cancel, a free slot, a webhook that answers a doubt."""

import asyncio

from bot.clock import Clock, woken


class Wakes:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: dict[str, asyncio.Event] = {}

    async def pause(self, job_id: str, seconds: float) -> bool:
        """Wait, at most so long. True: somebody cut it short."""
        event = self._events.setdefault(job_id, asyncio.Event())
        try:
            return await woken(self._clock, event, within_s=seconds)
        finally:
            self._events.pop(job_id, None)

    def wake(self, job_id: str) -> bool:
        """True: somebody here waits for it."""
        event = self._events.get(job_id)
        if event is not None:
            event.set()
        return event is not None
