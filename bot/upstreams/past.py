"""How services have done: how much of the time they were in use, how long their renders took, how long trouble lasted.

Pure; the rows are `store`'s.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median, quantiles
from typing import Protocol

from bot.upstreams.checks import BACK, OUT, Check
from bot.upstreams.health import HealthState
from bot.upstreams.incidents import WHOLE_SERVICE, Incident
from bot.upstreams.pages import PageSeen

WINDOWS: Mapping[str, timedelta] = {
    "1 h": timedelta(hours=1),
    "24 h": timedelta(hours=24),
    "30 d": timedelta(days=30),
    "90 d": timedelta(days=90),
}
REMEMBERS = 100
"""So many of a model's latest videos say how long they take."""
LEARNS_FROM = 5
"""Fewer say less than the catalogue."""
LONGEST = max(WINDOWS.values())

Stretch = tuple[datetime, datetime | None]
"""From, until; None: it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTimes:
    """How long a model's latest videos took, service's id to video as we noticed it."""

    videos: int
    half_s: float
    """Half were done by then."""
    most_s: float
    """Nine of ten were."""

    @property
    def is_learned(self) -> bool:
        return self.videos >= LEARNS_FROM


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePast:
    """What the rows tell of one service."""

    first_seen: datetime | None = None
    """Nothing is known from before."""
    outs: Mapping[str, Sequence[Stretch]] = field(default_factory=dict)
    """When it was out of use, by model; `WHOLE_SERVICE`: all of it."""
    times: Mapping[str, RenderTimes] = field(default_factory=dict)
    """By model, where a video was ever made."""
    page: PageSeen | None = None
    incidents: tuple[Incident, ...] = ()
    """Of the last 90 days, newest first; those that another swallowed are left out."""
    last_look: Check | None = None
    """The last free check."""


NOTHING = ServicePast()


class ServicePasts(Protocol):
    """Implemented by `store`."""

    async def of(self, models: Mapping[str, AbstractSet[str]], *, now: datetime) -> Mapping[str, ServicePast]:
        """By service. `models`: the names of each service's models."""


def render_times(took_s: Sequence[float]) -> RenderTimes | None:
    """None: no video yet."""
    if not took_s:
        return None
    most_s = quantiles(took_s, n=10, method="inclusive")[-1] if len(took_s) > 1 else took_s[0]
    return RenderTimes(videos=len(took_s), half_s=median(took_s), most_s=most_s)


def stretches(turns: Sequence[Check]) -> dict[str, list[Stretch]]:
    """From one service's turns of circuits, in the order of their time, to when it was out, by model.

    Clocks of replicas differ, so an end may stand before its beginning: such an outage lasted no time.
    """
    outs: dict[str, list[Stretch]] = {}
    for turn in turns:
        known = outs.setdefault(turn.model, [])
        goes_on = bool(known) and known[-1][1] is None
        if turn.status == OUT and not goes_on:
            known.append((turn.at, None))
        elif turn.status == BACK and goes_on:
            known[-1] = (known[-1][0], max(turn.at, known[-1][0]))
    return outs


def uptime(past: ServicePast, models: AbstractSet[str], *, window: timedelta, now: datetime) -> float | None:
    """The share of the window in which it could be used, 0 to 1; None: nothing is known of that time.

    It is out while the whole service is, and while all of its models are. History that is shorter than the window
    counts as far as it goes.
    """
    if past.first_seen is None or past.first_seen >= now:
        return None
    begin = max(past.first_seen, now - window)
    borders = {begin, now}
    for outs in past.outs.values():
        borders |= {at for stretch in outs for at in stretch if at is not None and begin < at < now}
    ordered = sorted(borders)
    down_s = sum(
        (later - earlier).total_seconds() for earlier, later in pairwise(ordered) if _is_out(past.outs, models, earlier)
    )
    return 1 - down_s / (now - begin).total_seconds()


def lasted_before(past: ServicePast, state: HealthState) -> timedelta | None:
    """How long such a state usually lasted here; None: it never did."""
    took = [
        (each.ended_at - each.started_at).total_seconds()
        for each in past.incidents
        if each.ended_at is not None and not each.removed and each.state is state
    ]
    return timedelta(seconds=median(took)) if took else None


def _is_out(outs: Mapping[str, Sequence[Stretch]], models: AbstractSet[str], at: datetime) -> bool:
    def covers(name: str) -> bool:
        return any(begun <= at and (ended is None or at < ended) for begun, ended in outs.get(name, ()))

    return covers(WHOLE_SERVICE) or (bool(models) and all(covers(each) for each in models))
