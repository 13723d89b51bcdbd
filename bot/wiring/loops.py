"""What goes on for as long as the bot runs, and whether all is well with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.jobs import workflow
from bot.jobs.housekeeping import Housekeeping
from bot.jobs.sweep import Sweep
from bot.observing.availability import Availability
from bot.slack.sockets import Sockets
from bot.web.health import Readiness
from bot.wiring.ground import Ground
from bot.wiring.lifelines import Ears, Loops, database_answers
from bot.wiring.listeners import Listeners
from bot.wiring.notices import NoticeSide
from bot.wiring.probing import opened_prober
from bot.wiring.surface import SlackSide
from bot.wiring.upstreams import Upstreams
from bot.wiring.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """`failed` returns, or raises, when one of the loops has ended."""

    readiness: Readiness
    availability: Availability
    failed: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running_loops(
    ground: Ground,
    upstreams: Upstreams,
    workshop: Workshop,
    slack: SlackSide,
    notices: NoticeSide,
    listeners: Listeners,
    sweep: Sweep,
    sockets: Sockets | None,
) -> AsyncIterator[Life]:
    clock, company = ground.clock, workshop.company
    housekeeping = Housekeeping(
        spool=workshop.spool, forget_finished=workflow.forget_finished, tidy=listeners.frames.tidy, clock=clock
    )
    ears = Ears(sockets, clock)
    readiness = Readiness({"database": database_answers(ground.store), "slack": ears.problem, "peers": company.problem})
    availability = Availability(readiness.problems, parts=readiness.parts, meters=ground.watch.meters, clock=clock)
    async with (
        opened_prober(ground, upstreams) as prober,
        Loops(
            workshop.watcher.run,
            slack.writer.run,
            sweep.run,
            housekeeping.run,
            ears.run,
            availability.run,
            prober.run,
            upstreams.balances.run,
            *notices.loops,
            *company.loops(workshop.bell, slack.surface),
        ) as loops,
    ):
        yield Life(readiness=readiness, availability=availability, failed=loops.failed)
