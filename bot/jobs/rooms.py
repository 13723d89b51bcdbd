"""What the steps of a story work with: one value instead of a dozen parameters."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock, NewId
from bot.jobs.book import JobBook
from bot.jobs.card_facts import Moved
from bot.jobs.courier import Courier
from bot.jobs.doubt import Doubt
from bot.jobs.planning import Learned, nothing_learned
from bot.jobs.ports import Alarm, Healths
from bot.jobs.requests import RequestMaker
from bot.jobs.surface import Surface
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.upstreams.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take, all injectable."""

    queue_wait_max: timedelta = timedelta(hours=24)
    """How long a job waits for a service to come back before it is given up."""
    ask_after: timedelta = timedelta(minutes=1)
    """A service that has been out for less may be back before anybody has read a question."""
    answer_within: timedelta = timedelta(hours=24)
    """How long a question waits; then the video stops, and that is said."""
    doubt_max: timedelta = timedelta(days=7)
    """After that an unknown submit is booked as possibly paid."""


MovedAway = Callable[[Moved], Awaitable[None]]
"""A job has left a service, for whoever keeps that service's incidents."""


async def nobody_counts(_moved: Moved) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What the steps work with."""

    book: JobBook
    registry: Registry
    healths: Healths
    surface: Surface
    watcher: Watcher
    wakes: Wakes
    courier: Courier
    requests: RequestMaker
    doubt: Doubt
    clock: Clock
    new_id: NewId
    alarm: Alarm
    patience: Patience
    learned: Learned = nothing_learned
    """What videos took lately, for who asks the fastest first."""
    moved: MovedAway = nobody_counts
