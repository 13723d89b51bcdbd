"""What the operator configured: accounts at services, and the models they can make."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.catalogue.model import Model, Protocol, Tier
from bot.providers.base import FindsRenders, VideoProvider
from bot.upstreams.policy import TIER_RANK, Routing

LOOKS_A_VIDEO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """One configured account at one provider."""

    name: str
    """Unique, lower case; in the database and in webhook paths."""
    label: str
    tier: Tier
    protocol: Protocol
    provider: VideoProvider
    models: tuple[Model, ...]
    priority: int = 0
    """Higher is asked earlier within its tier."""
    in_flight_max: int
    submits_per_minute: int
    webhook: bool = False

    @property
    def polls_per_minute(self) -> int:
        """Looks at its renders. A video takes at least one, so an account that may submit more than the catalogue
        knows of may look more as well: videos came in faster than they were looked at, and waited longer and longer
        (300 submits a minute, 2026-11-21).
        """
        raised = self.submits_per_minute > self.protocol.submits_per_minute
        return max(self.protocol.polls_per_minute, LOOKS_A_VIDEO * self.submits_per_minute if raised else 0)

    @property
    def listing(self) -> FindsRenders | None:
        """Where a render can be searched whose submit's answer was lost. None: no absence there proves anything."""
        return self.provider if self.protocol.lists and isinstance(self.provider, FindsRenders) else None


class Registry:
    """All upstreams of this process. Retirement belongs to (service, model): a name lives while one service has it."""

    def __init__(self, upstreams: Iterable[Upstream], *, routing: Routing = Routing()) -> None:
        """`routing`: whom the operator prefers and whom he switched off.

        Raises:
            ValueError: two upstreams have one name.
        """
        self.upstreams = tuple(upstreams)
        self.routing = routing
        self._by_name = {each.name: each for each in self.upstreams}
        if len(self._by_name) < len(self.upstreams):
            names = [each.name for each in self.upstreams]
            raise ValueError(f"two services have one name: {sorted(n for n in set(names) if names.count(n) > 1)}")

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def upstream(self, name: str) -> Upstream:
        """
        Raises:
            KeyError: it is not configured (any more).
        """
        return self._by_name[name]

    def label(self, name: str) -> str:
        """For cards of old jobs: a service that is gone keeps its name."""
        return self._by_name[name].label if name in self._by_name else name

    @property
    def preview_only(self) -> bool:
        """No real service is configured: the preview serves, and says so."""
        return all(each.tier is Tier.PREVIEW for each in self.upstreams)

    def offered(self, now: datetime) -> tuple[Model, ...]:
        """What can be picked now, each name once, as its first service has it; the preview only where it is alone."""
        offered: dict[str, Model] = {}
        for upstream in sorted(self.upstreams, key=lambda each: (TIER_RANK[each.tier], -each.priority)):
            if upstream.tier is Tier.PREVIEW and not self.preview_only:
                continue
            for model in (each.at(now) for each in upstream.models):
                if is_sold(model, now) and self.routing.offers(upstream.name, upstream.tier, model.name):
                    offered.setdefault(model.name, model)
        return tuple(offered.values())

    def find(self, text: str) -> Model | None:
        """By name, alias or label, any case. Of several the one that lives longest: what is found retired is retired
        everywhere. Its own name counts before another's alias.
        """
        wanted = text.strip().casefold()
        found = [each for upstream in self.upstreams for each in upstream.models if wanted in names_of(each)]
        return max(found, key=lambda each: (each.retires_at or _NEVER, each.name.casefold() == wanted), default=None)

    def suggest(self, text: str, now: datetime) -> str | None:
        """The name of the model a person may have meant, of those that can be picked now."""
        by_name = {name: model.name for model in self.offered(now) for name in names_of(model)}
        near = difflib.get_close_matches(text.strip().casefold(), by_name, n=1, cutoff=0.5)
        return by_name[near[0]] if near else None


_NEVER = datetime.max.replace(tzinfo=UTC)


def is_alive(model: Model, now: datetime) -> bool:
    return model.retires_at is None or now < model.retires_at


def is_sold(model: Model, now: datetime) -> bool:
    """Alive, and at a price that has begun."""
    return is_alive(model, now) and model.price.has_begun(now)


def names_of(model: Model) -> tuple[str, ...]:
    """What people may call it, without regard to case."""
    return tuple(name.casefold() for name in (model.name, model.label, *model.aliases))
