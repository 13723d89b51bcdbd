"""What the steps of a story work with: one value instead of a dozen parameters."""

from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock, NewId
from bot.jobs.courier import Courier
from bot.jobs.doubt import Doubt
from bot.jobs.ports import Alarm, Healths, JobBook, Surface
from bot.jobs.requests import RequestMaker
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.upstreams.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long things may take, all injectable."""

    queue_wait_max: timedelta = timedelta(hours=24)
    """How long a job waits for a service to come back before it is given up."""
    doubt_max: timedelta = timedelta(days=7)
    """After that an unknown submit is booked as possibly paid."""


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
