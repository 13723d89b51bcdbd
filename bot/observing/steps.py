"""`story.Steps`, watched: a step's lines carry its job, and an error nobody expected is said once, with its place."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bot.clock import NewId
from bot.jobs.story import Checked, Settled, Steps, Submitted, Waited
from bot.jobs.surface import Announced
from bot.observing.context import about
from bot.observing.meters import Meters

R = TypeVar("R")

_log = logging.getLogger(__name__)


class WatchedSteps:
    def __init__(self, steps: Steps, *, meters: Meters, new_id: NewId) -> None:
        self._steps = steps
        self._meters = meters
        self._new_id = new_id

    async def announce(self, job_id: str) -> Announced:
        return await self._watched(self._steps.announce, job_id)

    async def submit(self, job_id: str) -> Submitted:
        return await self._watched(self._steps.submit, job_id)

    async def later(self, job_id: str) -> None:
        await self._watched(self._steps.later, job_id)

    async def check(self, job_id: str) -> Checked:
        return await self._watched(self._steps.check, job_id)

    async def wait(self, job_id: str) -> Waited:
        return await self._watched(self._steps.wait, job_id)

    async def settle(self, job_id: str) -> Settled:
        return await self._watched(self._steps.settle, job_id)

    async def deliver(self, job_id: str) -> None:
        await self._watched(self._steps.deliver, job_id)

    async def tell(self, job_id: str) -> None:
        await self._watched(self._steps.tell, job_id)

    async def _watched(self, step: Callable[[str], Coroutine[Any, Any, R]], job_id: str) -> R:
        """The error goes on: the engine ends the story, and the sweep gives the job a new one."""
        with about(job=job_id):
            try:
                return await step(job_id)
            except Exception as error:
                self._meters.unexpected.labels(where=step.__name__).inc()
                facts = {"step": step.__name__, "reference": self._new_id()[:8], "raised": error}
                _log.error("a step of a job failed", extra=facts)
                raise


_: type[Steps] = WatchedSteps
