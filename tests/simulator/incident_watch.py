"""Incidents as their rows show them: one open at a time for one service, and one for one outage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.clock import Clock
from tests.simulator.services import Service
from tests.simulator.weather import Shape, Trouble

STEADY = {Shape.CUT_OFF, Shape.LISTED_5XX, Shape.NO_MONEY}
"""Nothing that is sent succeeds from the first minute to the last, so nothing can be over in between."""


@dataclass(slots=True)
class Told:
    """One incident."""

    upstream: str
    model: str
    began_at: datetime
    state: str
    """As health calls it; the worst word that was said of it."""
    ended_at: datetime | None = None


@dataclass
class IncidentWatch:
    clock: Clock
    services: Mapping[str, Service]
    against: Callable[[str], None]
    all: dict[int, Told] = field(default_factory=dict)

    def began(self, incident_id: int, upstream: str, model: str, state: str) -> None:
        self.all[incident_id] = Told(upstream, model, self.clock.now(), state)
        self._only(incident_id)
        if not model:
            self._one_for_one_outage(upstream)

    def grew(self, incident_id: int, model: str) -> None:
        self.all[incident_id].model = model
        self._only(incident_id)

    def changed(self, incident_id: int, state: str, *, goes_on: bool) -> None:
        """One that ended a moment ago may go on."""
        mine = self.all[incident_id]
        mine.state, mine.ended_at = state, None if goes_on else mine.ended_at

    def ended(self, incident_id: int) -> None:
        self.all[incident_id].ended_at = self.clock.now()

    def _only(self, incident_id: int) -> None:
        mine = self.all[incident_id]
        for number, each in self.all.items():
            alike = each.upstream == mine.upstream and each.model == mine.model and each.ended_at is None
            if number != incident_id and alike:
                self.against(f"{mine.upstream} {mine.model} has two open incidents, {number} and {incident_id}")

    def _one_for_one_outage(self, upstream: str) -> None:
        now = self.clock.now()
        for trouble in self.services[upstream].troubles_begun():
            if trouble.shape in STEADY and now < trouble.end:
                inside = [each for each in self.all.values() if _inside(each, upstream, trouble)]
                if len(inside) > 1:
                    words = f"{upstream} {trouble.shape} from {trouble.begin:%d. %H:%M}, and that is one outage"
                    self.against(f"{len(inside)} incidents: {words}")


def _inside(incident: Told, upstream: str, trouble: Trouble) -> bool:
    return incident.upstream == upstream and not incident.model and incident.began_at >= trouble.begin
