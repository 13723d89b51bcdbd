"""Who waits for a slot at which service, in the order in which they may have it.

Of those who wait only the first few look whether there is room, and a freed slot is offered to one of them. Everybody
looking at everything is what stops a bot for good: with 500 waiting, each end of a render cost 500 looks, and ends came
ever later (seen in a soak on a busy machine, 2026-11-21).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.jobs.wakes import Wakes

LOOK_EVERY_S = 2.0
"""For slots that another process freed, and for those that a minute gives back."""
LOOK_MAX_S = 60.0
TURN_MAX_S = 600.0
"""Then who could make it is looked at anew."""
IN_VAIN_MAX = 5
"""Who was sent for room so often in a row and got none waits for something else, and looks ever less often."""
AT_ONCE = 4
"""So many at the head of a line look: one may wait for something else than room (its twin is in doubt)."""


class Lines:
    def __init__(self, wakes: Wakes) -> None:
        self._wakes = wakes
        self._waiting: dict[str, dict[str, datetime]] = {}
        self._in_vain: dict[str, int] = {}

    async def turn(self, upstream: str, job_id: str, *, since: datetime, room: Callable[[], Awaitable[bool]]) -> None:
        """Return when a try is worth it: offered a slot, woken for another reason, there is room, or after minutes."""
        line = self._waiting.setdefault(upstream, {})
        line[job_id] = since
        in_vain = self._in_vain.get(job_id, 0)
        look_s = min(LOOK_EVERY_S * 2**in_vain, LOOK_MAX_S)
        waited_s = 0.0
        try:
            while waited_s < TURN_MAX_S:
                pause_s = look_s if self._is_first(upstream, job_id) else LOOK_MAX_S
                if await self._wakes.pause(job_id, pause_s):
                    return
                if self._is_first(upstream, job_id) and await room():
                    self._in_vain[job_id] = min(in_vain + 1, IN_VAIN_MAX)
                    return
                waited_s += pause_s
        finally:
            line.pop(job_id, None)

    def freed(self, upstream: str) -> None:
        """There may be room for one: offered to who has waited longest."""
        for job_id in self._in_order(upstream):
            if self._wakes.wake(job_id):
                self._waiting[upstream].pop(job_id, None)
                return

    def served(self, job_id: str) -> None:
        """It need not wait any more."""
        self._in_vain.pop(job_id, None)

    def _is_first(self, upstream: str, job_id: str) -> bool:
        """Among the few who have waited longest."""
        return job_id in self._in_order(upstream)[:AT_ONCE]

    def _in_order(self, upstream: str) -> list[str]:
        line = self._waiting.get(upstream, {})
        return sorted(line, key=lambda job_id: (line[job_id], job_id))
