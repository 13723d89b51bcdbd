"""Tells whoever waits for a job to look at its rows again: here, or in another process on the same database.

A ring carries no truth. Who hears one reads the rows; who misses one reads them at the next sweep.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """About a job, or about a render of which only the service's id is known."""

    job_id: str = ""
    upstream: str = ""
    render_id: str = ""


class Wire(Protocol):
    """To the other processes; implemented by `store`."""

    async def send(self, ring: Ring) -> None:
        """Raises BookAway: nobody heard it; the rows say it all the same."""

    async def run(self, heard: Callable[[Ring], object]) -> None:
        """Call `heard` with every ring of any process, our own too, until cancelled."""


class Bell:
    """`wire` None: this is the only process."""

    def __init__(self, *, wakes: Wakes, watcher: Watcher, wire: Wire | None = None) -> None:
        self._wakes = wakes
        self._watcher = watcher
        self._wire = wire

    async def job(self, job_id: str) -> None:
        """Something about this job was committed: a cancel, an answer to a doubt."""
        await self._ring(Ring(job_id=job_id))

    async def render(self, upstream: str, render_id: str) -> None:
        """The service says that this render has news."""
        await self._ring(Ring(upstream=upstream, render_id=render_id))

    def heard(self, ring: Ring) -> bool:
        """True: somebody here waited for it."""
        if ring.job_id:
            pausing, watching = self._wakes.wake(ring.job_id), self._watcher.wake(ring.job_id)
            return pausing or watching
        return self._watcher.nudge(ring.upstream, ring.render_id)

    async def _ring(self, ring: Ring) -> None:
        """A job has one story, so what is waited for here is waited for nowhere else."""
        if not self.heard(ring) and self._wire is not None:
            await self._wire.send(ring)
