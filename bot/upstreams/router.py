"""Who could make an order, in which order, and why the others could not. Pure: values in, values out."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from bot.catalogue.model import Model, Shape, Tier
from bot.providers.errors import Retired
from bot.upstreams.circuit import Circuit, allows, is_unsteady, next_try_at
from bot.upstreams.fitting import Misfit, Reason, Wanted, length_made_s, misfit, wire_name_of
from bot.upstreams.policy import NOTHING_LEARNED, USUAL, LearnedTimes, Rivals, Routing, order_of
from bot.upstreams.registry import Upstream

__all__ = ["Reason", "Wanted"]  # part of question and answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One service that can make the order, and what exactly it would make."""

    upstream: str
    model: Model
    wire_name: str
    length_s: int
    shape: Shape
    resolution: str
    size_px: tuple[int, int]
    usd_micros: int
    note: str = ""
    """What is not as asked, for the card: "You asked 10 s; this model makes 8 s"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Why one model of one service is not a candidate."""

    upstream: str
    model: str
    reason: Reason
    words: str
    """For a person: "Seedance 2.0 at fal takes no picture"."""
    retry_at: datetime | None = None
    """For `suspended`: when it may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every (service, model) is in one of the two, once."""

    candidates: tuple[Candidate, ...]
    skipped: tuple[Skip, ...]

    @property
    def waits_for_health(self) -> bool:
        """Somebody could make it, as soon as their service is back."""
        return any(each.reason is Reason.SUSPENDED for each in self.skipped)

    @property
    def retry_at(self) -> datetime | None:
        """The first moment at which a suspended service may be tried again."""
        return min((each.retry_at for each in self.skipped if each.retry_at is not None), default=None)


def plan(
    wanted: Wanted,
    upstreams: Sequence[Upstream],
    circuits: Mapping[str, Circuit],
    tried: AbstractSet[tuple[str, str]],
    job_id: str,
    now: datetime,
    *,
    routing: Routing = USUAL,
    learned: LearnedTimes = NOTHING_LEARNED,
) -> Plan:
    """Sort everything configured into candidates, first choice first, and skips with a reason.

    Order: services whose last submit was lost come last (design 5), then those the operator prefers come first, then by
    the policy. `tried` holds (upstream, model) pairs that are not asked again; `circuits` may lack an upstream of which
    nothing is known.
    """
    candidates: list[Candidate] = []
    skipped: list[Skip] = []
    for upstream in upstreams:
        for model in (each.at(now) for each in upstream.models):
            found = _unwanted(wanted, upstream, model, routing) or _judged(
                wanted, upstream, model, upstreams, tried, now
            )
            if isinstance(found, Candidate):
                found = _if_healthy(found, upstream, circuits, job_id, now)
            if isinstance(found, Candidate):
                candidates.append(found)
            else:
                skipped.append(found)
    by_name = {each.name: each for each in upstreams}

    def rank(each: Candidate) -> tuple[bool, int, tuple[float, ...], str, str]:
        upstream = by_name[each.upstream]
        rivals = Rivals(
            tier=upstream.tier,
            priority=upstream.priority,
            usd_micros=each.usd_micros,
            typical_s=learned.get((each.upstream, each.model.name), each.model.typical_s),
            off_by_s=abs(each.length_s - wanted.length_s),
        )
        return (
            is_unsteady(circuits.get(each.upstream), now),
            routing.preference(each.upstream, each.model.name),
            order_of(routing.policy, rivals),
            each.upstream,
            each.model.name,
        )

    return Plan(candidates=tuple(sorted(candidates, key=rank)), skipped=tuple(skipped))


def _judged(
    wanted: Wanted,
    upstream: Upstream,
    model: Model,
    upstreams: Sequence[Upstream],
    tried: AbstractSet[tuple[str, str]],
    now: datetime,
) -> Candidate | Skip:
    found = _not_meant(wanted, upstream, model, upstreams) or misfit(wanted, model, now)
    if found is not None:
        return _skip(upstream, model, found)
    made = _made(wanted, upstream, model)
    if made is None:
        return _skip(upstream, model, Misfit(reason=Reason.NO_PRICE, words=f"has no price for {wanted.resolution}"))
    if wanted.usd_micros_max is not None and made.usd_micros > wanted.usd_micros_max:
        return _skip(upstream, model, Misfit(reason=Reason.DEARER, words="costs more than the price shown"))
    if (upstream.name, model.name) in tried:
        return _skip(upstream, model, Misfit(reason=Reason.TRIED, words="was tried already, in vain"))
    return made


def _unwanted(wanted: Wanted, upstream: Upstream, model: Model, routing: Routing) -> Skip | None:
    """The operator does not want it asked, here or anywhere."""
    if routing.switched_off(upstream.name, model.name):
        return _skip(upstream, model, Misfit(reason=Reason.DISABLED, words="is switched off by an admin"))
    if not routing.allows(upstream.tier, wanted.slack_channel_id):
        where = "in this channel" if routing.accepts_reverse else "here"
        words = f"is reached by unofficial access, which is not allowed {where}"
        return _skip(upstream, model, Misfit(reason=Reason.UNOFFICIAL, words=words))
    return None


def _not_meant(wanted: Wanted, upstream: Upstream, model: Model, upstreams: Sequence[Upstream]) -> Misfit | None:
    """The order is about something else. The preview neither replaces nor underbids a real service (mission D2)."""
    if wanted.model is not None and model.name != wanted.model:
        return Misfit(reason=Reason.OTHER_MODEL, words="is not the model asked for")
    if upstream.tier is Tier.PREVIEW:
        rivals = [each for each in upstreams if each.tier is not Tier.PREVIEW]
        if wanted.model is not None:
            rivals = [each for each in rivals if any(other.name == wanted.model for other in each.models)]
        if rivals:
            return Misfit(reason=Reason.PREVIEW, words="is only a preview; it does not stand in for a real service")
        return None
    if wanted.model is None and wanted.model_class is not None and model.model_class is not wanted.model_class:
        return Misfit(reason=Reason.OTHER_CLASS, words="is of the other class")
    return None


def _made(wanted: Wanted, upstream: Upstream, model: Model) -> Candidate | None:
    """None: the catalogue has no price for it."""
    length_s = length_made_s(wanted, model)
    wire_name = wire_name_of(wanted, model)
    try:
        usd_micros = model.price.of(length_s=length_s, resolution=wanted.resolution)
    except KeyError:
        return None
    return Candidate(
        upstream=upstream.name,
        model=model,
        wire_name=wire_name or "",
        length_s=length_s,
        shape=wanted.shape,
        resolution=wanted.resolution,
        size_px=model.sizes_px[wanted.shape, wanted.resolution],
        usd_micros=usd_micros,
        note="" if length_s == wanted.length_s else f"You asked {wanted.length_s} s; this model makes {length_s} s",
    )


def _if_healthy(
    candidate: Candidate, upstream: Upstream, circuits: Mapping[str, Circuit], job_id: str, now: datetime
) -> Candidate | Skip:
    """Health is asked last, so that `suspended` always means: could, but not now."""
    for name in (upstream.name, model_circuit(upstream.name, candidate.model.name)):
        circuit = circuits.get(name)
        if circuit is None or allows(circuit, job_id=job_id, now=now):
            continue
        if circuit.reason == Retired.kind:
            return _skip(upstream, candidate.model, Misfit(reason=Reason.RETIRED, words="has been shut down"))
        found = Misfit(reason=Reason.SUSPENDED, words="cannot be used at the moment; it is tried again by itself")
        return replace(_skip(upstream, candidate.model, found), retry_at=next_try_at(circuit))
    return candidate


def model_circuit(upstream: str, model: str) -> str:
    """The circuit of one model at one upstream: retirement belongs to the pair, not to the whole account."""
    return f"{upstream}/{model}"


def _skip(upstream: Upstream, model: Model, found: Misfit) -> Skip:
    return Skip(
        upstream=upstream.name,
        model=model.name,
        reason=found.reason,
        words=f"{model.label} at {upstream.label} {found.words}",
    )
