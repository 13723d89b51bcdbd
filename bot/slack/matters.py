"""What notices are about, as values, and when incidents that follow one another are one matter. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.upstreams.health import HealthState
from bot.upstreams.incidents import Incident

ONE_MATTER = timedelta(minutes=15)
"""What begins anew so soon after it ended goes on: the same message is opened again."""
REMIND_AFTER = (timedelta(hours=1), timedelta(hours=4))
REMIND_EVERY = timedelta(days=1)
UNREMINDED = frozenset({HealthState.MAINTENANCE, HealthState.RETIRED})
"""Announced, or for good: nobody waits for somebody to do something about it."""
WORST_FIRST = (
    HealthState.RETIRED,
    HealthState.SUSPENDED,
    HealthState.MAINTENANCE,
    HealthState.RISK_CONTROL,
    HealthState.DEGRADED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Trouble at one service, in one piece for people: incidents of it and its models, overlapping or close together.

    Never empty; the oldest is first.
    """

    upstream: str
    incidents: tuple[Incident, ...]

    @property
    def key(self) -> str:
        return f"incident.{self.incidents[0].id}"

    @property
    def open(self) -> tuple[Incident, ...]:
        return tuple(each for each in self.incidents if each.is_open)

    @property
    def worst(self) -> Incident:
        """Of those that go on; else the one that ended last."""
        if not self.open:
            return max(self.incidents, key=lambda each: each.ended_at or each.started_at)
        return min(self.open, key=lambda each: _rank(each.state))

    @property
    def started_at(self) -> datetime:
        return min(each.started_at for each in self.incidents)

    @property
    def ended_at(self) -> datetime | None:
        """None while any of it goes on."""
        ends = [each.ended_at for each in self.incidents]
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def models(self) -> tuple[str, ...]:
        """Those it is about; empty: the whole service."""
        about = self.open or self.incidents
        if any(not each.model for each in about):
            return ()
        return tuple(dict.fromkeys(each.model for each in about))

    @property
    def jobs_moved(self) -> int:
        return sum(each.jobs_moved for each in self.incidents)

    @property
    def extra_usd_micros(self) -> int:
        return sum(each.extra_usd_micros for each in self.incidents)

    @property
    def page_words(self) -> str:
        """The newest."""
        return next((each.page_words for each in reversed(self.incidents) if each.page_words), "")

    def settled(self, now: datetime) -> bool:
        """Over for so long that it cannot go on as the same matter."""
        return self.ended_at is not None and now >= self.ended_at + ONE_MATTER


def matters(incidents: Iterable[Incident]) -> tuple[Matter, ...]:
    """Incidents put together by service and by time.

    What is gone for good is a matter of its own: it never ends, and would swallow every later outage of its service.
    """
    by_service: dict[tuple[str, bool], list[list[Incident]]] = {}
    for each in sorted(incidents, key=lambda one: (one.started_at, one.id)):
        pieces = by_service.setdefault((each.upstream, each.state is HealthState.RETIRED), [])
        if pieces and _follows(pieces[-1], each):
            pieces[-1].append(each)
        else:
            pieces.append([each])
    return tuple(
        Matter(upstream=upstream, incidents=tuple(piece))
        for (upstream, _), pieces in by_service.items()
        for piece in pieces
    )


def reminders_due(matter: Matter, now: datetime) -> int:
    """How many reminders its thread should have had by now: after one hour, four hours, and each day."""
    if not matter.open or matter.worst.state in UNREMINDED:
        return 0
    lasts = now - min(each.started_at for each in matter.open)
    return sum(lasts >= each for each in REMIND_AFTER) + lasts // REMIND_EVERY


def _follows(piece: Sequence[Incident], new: Incident) -> bool:
    ends = [each.ended_at for each in piece]
    return None in ends or new.started_at <= max(end for end in ends if end is not None) + ONE_MATTER


def _rank(state: HealthState) -> int:
    return WORST_FIRST.index(state) if state in WORST_FIRST else len(WORST_FIRST)
