"""Stories run: among the other processes, in the durable engine, and none is left without one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.jobs import workflow
from bot.jobs.story import Steps
from bot.jobs.sweep import Sweep
from bot.wiring.ground import Ground
from bot.wiring.workshop import Workshop


@asynccontextmanager
async def running_stories(ground: Ground, workshop: Workshop, steps: Steps) -> AsyncIterator[Sweep]:
    """The sweep has looked once when the block begins; it asks the engine, which runs by then."""
    sweep = Sweep(workshop.book, workflow.lost_stories, ground.clock, ground.alarm)
    async with workshop.company.joined(), workflow.running_engine(workshop.engine, ground.watch.steps(steps)):
        await sweep.once()
        yield sweep
