"""A stretch of trouble at a service, or at one model of it: what notices are about, and what history counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.upstreams.health import HealthState

WHOLE_SERVICE = ""
"""In place of a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """At most one is open per (service, model), and none of a model while one of its service is open."""

    id: int
    upstream: str
    model: str = WHOLE_SERVICE
    """The one model it is about; empty: the whole service. A model's incident may grow into its service's."""
    state: HealthState
    """What it is now, or was at its end: it may go from degraded to suspended and back."""
    cause: str
    """Kind of the error behind it; empty: several, or what the service's own page announced."""
    started_at: datetime
    ended_at: datetime | None = None
    last_changed_at: datetime
    jobs_moved: int = 0
    """Videos that other services made, or were asked to make, in its stead."""
    extra_usd_micros: int = 0
    """What they cost more than they would have here; never less than zero."""
    page_words: str = ""
    """What the service's own status page says about it, with how that compares to what we see; empty: nothing."""
    part_of: int | None = None
    """Ended because that incident, of the whole service, swallowed it: nobody need be told of its end."""
    removed: bool = False
    """Ended because the service, or the model, was taken out of the settings; not because it was well again."""
    version: int = 1
    """Raised by each change. Whoever shows it keeps the version shown and compares."""

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class Incidents(Protocol):
    """The rows of incidents; implemented by `store`."""

    async def open(self) -> tuple[Incident, ...]:
        """Those that go on, oldest first."""

    async def changed_since(self, at: datetime) -> tuple[Incident, ...]:
        """Open or ended, changed at that time or later, in the order of their change.

        Clocks of replicas differ: ask with some minutes to spare, and compare versions with what was shown.
        """

    async def incident(self, incident_id: int) -> Incident | None: ...

    async def moved(self, upstream: str, *, extra_usd_micros: int, now: datetime, model: str = WHOLE_SERVICE) -> None:
        """One more video left that service. Nothing where no incident of the service or the model is open."""
