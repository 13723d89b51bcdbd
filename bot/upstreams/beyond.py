"""What else could make an order, outside of what its person agreed to. Pure; to be asked about, never just done."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from bot.upstreams.circuit import Circuit
from bot.upstreams.fitting import Wanted
from bot.upstreams.policy import LearnedTimes, Routing
from bot.upstreams.quotes import HEADROOM
from bot.upstreams.registry import Upstream
from bot.upstreams.router import Candidate, plan


def beyond(
    wanted: Wanted,
    upstreams: Sequence[Upstream],
    circuits: Mapping[str, Circuit],
    tried: AbstractSet[tuple[str, str]],
    job_id: str,
    now: datetime,
    *,
    routing: Routing,
    learned: LearnedTimes,
) -> Candidate | None:
    """The nearest thing to offer: the same model dearer, else another of the class, else any other. None: nobody can.

    Who left the choice to us chose a class, and is not offered another one. Of those within twice the price shown the
    operator's first choice, else the cheapest.
    """
    unpriced = replace(wanted, usd_micros_max=None)
    wider = [unpriced, replace(unpriced, model=None)]
    if wanted.model is not None:
        wider.append(replace(unpriced, model=None, model_class=None))
    for each in wider:
        found = plan(each, upstreams, circuits, tried, job_id, now, routing=routing, learned=learned).candidates
        if found:
            affordable = HEADROOM * (wanted.usd_micros_max or 0)
            near = [candidate for candidate in found if candidate.usd_micros <= affordable]
            return near[0] if near else min(found, key=lambda candidate: candidate.usd_micros)
    return None
