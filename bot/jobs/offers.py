"""Wishes checked and priced before the click: what cannot be served and why, what it may cost, who would receive it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.catalogue.model import Audio, Model, ModelClass, Shape
from bot.clock import Clock
from bot.jobs.answers import Choice, Complaint, Offer, Problem, Wish
from bot.jobs.ports import Healths, JobBook
from bot.upstreams.circuit import Circuit
from bot.upstreams.registry import Registry
from bot.upstreams.router import Candidate, Plan, Wanted, plan

LENGTH_S = 5
RESOLUTION = "720p"
NO_SIZE = "nothing configured can make it"


class Offers:
    def __init__(
        self, *, registry: Registry, book: JobBook, healths: Healths, clock: Clock, catalogue_version: str
    ) -> None:
        self._registry = registry
        self._book = book
        self._healths = healths
        self._clock = clock
        self.catalogue_version = catalogue_version

    def choices(self) -> tuple[Choice, ...]:
        """Models a person can pick now, fast ones first."""
        models = sorted(self._registry.offered(self._clock.now()), key=lambda each: (each.model_class.value, each.label))
        return tuple(Choice(model=each, from_usd_micros=_cheapest(each)) for each in models)

    async def offer(self, wish: Wish) -> Offer:
        now = self._clock.now()
        named, complaints = self._named(wish, now)
        model_class = named.model_class if named is not None else wish.model_class or ModelClass.FAST
        models = (named,) if named is not None else self._of_class(model_class, now)
        settled = _settled(wish, models)
        complaints += _complaints(settled, wish, named, models)
        circuits = await self._healths.circuits()
        wanted = _wanted(settled, named, model_class)
        planned = self._plan(wanted, circuits, now)
        # A service that is out for the moment still has a price: the job waits for it.
        first = planned.candidates[0] if planned.candidates else None
        if first is None:
            planned_later = self._plan(wanted, {}, now)
            first = planned_later.candidates[0] if planned_later.candidates else None
        if first is None and not complaints:
            complaints += (self._nobody(wish, planned, named),)
        return await self._shown(settled, complaints, named, model_class, models, first, planned, circuits)

    async def cheaper(self, offer: Offer) -> Offer | None:
        """The same wish as the cheapest thing that can be made of it, if that is cheaper."""
        shortest = min(offer.lengths_s, default=offer.length_s)
        simpler = replace(offer.wish, model=None, model_class=ModelClass.FAST, length_s=shortest, resolution=None)
        found = await self.offer(simpler)
        return found if not found.complaints and found.usd_micros < offer.usd_micros else None

    def _plan(self, wanted: Wanted, circuits: "dict[str, Circuit] | object", now: datetime) -> Plan:
        return plan(wanted, self._registry.upstreams, circuits, frozenset(), "", now)

    def _of_class(self, model_class: ModelClass, now: datetime) -> tuple[Model, ...]:
        offered = self._registry.offered(now)
        of_class = tuple(each for each in offered if each.model_class is model_class)
        return of_class or offered

    def _named(self, wish: Wish, now: datetime) -> tuple[Model | None, tuple[Complaint, ...]]:
        if wish.model is None:
            return None, ()
        found = self._registry.find(wish.model)
        labels = tuple(each.name for each in self._registry.offered(now))
        if found is None:
            near = self._registry.suggest(wish.model)
            return None, (
                Complaint(problem=Problem.MODEL_UNKNOWN, given=wish.model, allowed=labels, suggestion=near or ""),
            )
        if found.retires_at is not None and found.retires_at <= now:
            words = f"{found.label} ended on {found.retires_at:%Y-%m-%d}"
            return None, (
                Complaint(problem=Problem.MODEL_RETIRED, given=wish.model, allowed=labels, model_label=words),
            )
        return found, ()
