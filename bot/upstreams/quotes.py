"""What an order costs before the click, and who would make it. Pure: values in, values out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.upstreams.circuit import Circuit
from bot.upstreams.fitting import Reason, Wanted
from bot.upstreams.policy import NOTHING_LEARNED, USUAL, LearnedTimes, Routing
from bot.upstreams.registry import Upstream
from bot.upstreams.router import Candidate, Plan, Skip, plan

HEADROOM = 2
"""Auto shows at most this many times the first candidate's price, so that another service can take over within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What an order costs before the click, and who would make it."""

    usd_micros: int
    """The most it may cost: what is shown, reserved and never passed by a failover."""
    is_ceiling: bool
    """It may end cheaper: say "up to"."""
    candidates: tuple[Candidate, ...]
    """Never empty; the first is asked first."""
    skipped: tuple[Skip, ...]
    down: bool
    """All who could make it are out right now; the order waits for the first to come back."""
    retry_at: datetime | None = None


def quote(
    wanted: Wanted,
    upstreams: Sequence[Upstream],
    circuits: Mapping[str, Circuit],
    now: datetime,
    *,
    routing: Routing = USUAL,
    learned: LearnedTimes = NOTHING_LEARNED,
) -> Quote | Plan:
    """The price before the click; a Plan without candidates when nobody could make it even in good health."""
    unpriced = replace(wanted, usd_micros_max=None)
    planned = plan(unpriced, upstreams, circuits, frozenset(), "", now, routing=routing, learned=learned)
    if planned.candidates:
        return _quoted(wanted, planned, skipped=planned.skipped, down=False)
    in_health = plan(unpriced, upstreams, {}, frozenset(), "", now, routing=routing, learned=learned)
    if not (planned.waits_for_health and in_health.candidates):
        return planned
    waiting = {(each.upstream, each.model) for each in planned.skipped if each.reason is Reason.SUSPENDED}
    coming = tuple(each for each in in_health.candidates if (each.upstream, each.model.name) in waiting)
    quoted = _quoted(wanted, replace(in_health, candidates=coming), skipped=planned.skipped, down=True)
    return replace(quoted, retry_at=planned.retry_at)


def _quoted(wanted: Wanted, planned: Plan, *, skipped: tuple[Skip, ...], down: bool) -> Quote:
    first = planned.candidates[0]
    ceiling = _ceiling(planned.candidates) if wanted.model is None else first.usd_micros
    within = tuple(each for each in planned.candidates if each.usd_micros <= ceiling)
    return Quote(
        usd_micros=ceiling,
        is_ceiling=any(each.usd_micros < ceiling for each in within),
        candidates=within,
        skipped=skipped,
        down=down,
    )


def _ceiling(candidates: Sequence[Candidate]) -> int:
    """The first candidate's price, or a little above it where only that lets another service take over."""
    first = candidates[0]
    elsewhere = [each.usd_micros for each in candidates if each.upstream != first.upstream]
    cheapest = min(elsewhere, default=first.usd_micros)
    return max(first.usd_micros, cheapest) if cheapest <= HEADROOM * first.usd_micros else first.usd_micros
