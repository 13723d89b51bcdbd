"""What the operator decided about services: whom to ask first, whom never. Values, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from bot.catalogue.model import Tier

TIER_RANK = {Tier.OFFICIAL: 0, Tier.RELAY: 1, Tier.SELF_HOSTED: 1, Tier.REVERSE: 2, Tier.PREVIEW: 3}
"""Official first; a relay and a server of one's own are told apart by priority and price; unofficial access last."""

Pair = tuple[str, str]
"""(service, model), by their names."""


class Policy(StrEnum):
    OFFICIAL = "official"
    """The maker's own service first, then priority, then the cheaper."""
    CHEAPEST = "cheapest"
    FASTEST = "fastest"
    """By what its videos took lately; by the catalogue where there were too few."""


class WhenAllDown(StrEnum):
    QUEUE = "queue"
    """Wait, say so, and start by itself."""
    TRY = "try"
    """Send it all the same: health may be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Names are those of services ("fal"), of models ("kling-3-pro"), or of one at another ("fal/kling-3-pro")."""

    policy: Policy = Policy.OFFICIAL
    preferred: tuple[str, ...] = ()
    """Asked before all others, in this order, whatever the policy says."""
    disabled: frozenset[str] = frozenset()
    accepts_reverse: bool = False
    """An admin has accepted the risk of unofficial access (mission D1)."""
    reverse_not_in: frozenset[str] = frozenset()
    """Slack channels whose videos never go through it all the same."""
    when_all_down: WhenAllDown = WhenAllDown.QUEUE

    def switched_off(self, upstream: str, model: str) -> bool:
        return not self.disabled.isdisjoint(_names(upstream, model))

    def offers(self, upstream: str, tier: Tier, model: str) -> bool:
        """Whether it is in use at all, wherever somebody asks."""
        return not self.switched_off(upstream, model) and (tier is not Tier.REVERSE or self.accepts_reverse)

    def allows(self, tier: Tier, slack_channel_id: str) -> bool:
        if tier is not Tier.REVERSE:
            return True
        return self.accepts_reverse and slack_channel_id not in self.reverse_not_in

    def preference(self, upstream: str, model: str) -> int:
        """0 is asked first; those nobody named come after all that somebody did."""
        named = _names(upstream, model)
        return next((place for place, name in enumerate(self.preferred) if name in named), len(self.preferred))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """What is compared of one candidate. Money in micro-dollars."""

    tier: Tier
    priority: int
    usd_micros: int
    typical_s: float
    off_by_s: int
    """How far its length is from the one asked for."""


def order_of(policy: Policy, each: Rivals) -> tuple[float, ...]:
    """Smaller comes first. Nearness before price and speed: the cheapest would be whoever makes the least."""
    tier, near = TIER_RANK[each.tier], each.off_by_s
    match policy:
        case Policy.OFFICIAL:
            return tier, -each.priority, near, each.usd_micros
        case Policy.CHEAPEST:
            return near, each.usd_micros, -each.priority, tier
        case Policy.FASTEST:
            return near, each.typical_s, -each.priority, tier, each.usd_micros
        case _:
            assert_never(policy)


LearnedTimes = Mapping[Pair, float]
"""Seconds that a model's videos took lately at a service; without an entry the catalogue's figure counts."""

USUAL = Routing()
"""Of an operator who decided nothing."""
NOTHING_LEARNED: LearnedTimes = {}


def _names(upstream: str, model: str) -> frozenset[str]:
    return frozenset((upstream, model, f"{upstream}/{model}"))
