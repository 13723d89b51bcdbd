"""Wishes checked and priced before the click: what cannot be served and why, what it may cost, who would receive it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.catalogue.model import Billing, Model, ModelClass, Shape
from bot.clock import Clock
from bot.jobs.book import JobBook
from bot.jobs.complaints import complaints_of, nearest
from bot.jobs.ended import ended_complaint, ended_model, with_heir
from bot.jobs.model import Order
from bot.jobs.planning import Learned, nothing_learned
from bot.jobs.ports import Healths
from bot.jobs.requests import wanted_of
from bot.jobs.single_flight import SingleFlight
from bot.jobs.wish import Choice, Complaint, Offer, Problem, Wish
from bot.upstreams.quotes import Quote, quote
from bot.upstreams.registry import Registry, is_alive
from bot.upstreams.router import Plan, Reason

LENGTH_S = 5
RESOLUTION = "720p"
T = TypeVar("T")
_OTHERS = frozenset({Reason.OTHER_MODEL, Reason.OTHER_CLASS, Reason.PREVIEW})
"""Skips that are about something else than this order."""


class Offers:
    def __init__(
        self,
        *,
        registry: Registry,
        book: JobBook,
        healths: Healths,
        clock: Clock,
        catalogue_version: str,
        learned: Learned = nothing_learned,
        known: Iterable[Model] = (),
    ) -> None:
        """`known`: all that the catalogue has, whoever serves it here: names that have ended stay understood."""
        self._registry = registry
        self._ended = [each for each in known if each.retires_at is not None]
        self._book = book
        self._healths = healths
        self._learned = learned
        self._clock = clock
        self._looks = SingleFlight()
        self.catalogue_version = catalogue_version

    def choices(self) -> tuple[Choice, ...]:
        """Models a person can pick now, fast ones first."""
        models = sorted(self._registry.offered(self._clock.now()), key=lambda each: (each.model_class, each.label))
        return tuple(Choice(model=each, from_usd_micros=_cheapest(each)) for each in models)

    async def offer(self, wish: Wish) -> Offer:
        return await self.with_standings(await self.priced(wish))

    async def with_standings(self, offer: Offer) -> Offer:
        """What is left under each limit, for an offer that somebody is going to read."""
        wish, now = offer.wish, self._clock.now()
        found = await self._book.standings(wish.team_id, wish.user_id, wish.place.slack_channel_id, now=now)
        return replace(offer, standings=found)

    async def priced(self, wish: Wish) -> Offer:
        """An offer without standings: accepting looks at the limits itself, under their lock."""
        now = self._clock.now()
        named, complaints = self._named(wish, now)
        ended = ended_model(wish.model, self._registry.find, self._ended, now) if named is None else None
        asked_class = wish.model_class or (ended.model_class if ended is not None else ModelClass.FAST)
        models = (named,) if named is not None else self._of_class(asked_class, now)
        model_class = models[0].model_class if models else asked_class
        settled = _settled(wish, models)
        complaints += complaints_of(settled, wish, named, models, self._registry.offered(now))
        wanted = wanted_of(order_of(settled, named.name if named else None, model_class), usd_micros_max=None)
        asked = [each for each in self._registry.upstreams if each.name not in wish.avoided]
        circuits = await self._looks.look("circuits", self._healths.circuits)
        learned = await self._learned()
        quoted = quote(wanted, asked, circuits, now, routing=self._registry.routing, learned=learned)
        if isinstance(quoted, Plan) and not complaints:
            reasons = tuple(dict.fromkeys(skip.words for skip in quoted.skipped if skip.reason not in _OTHERS))
            label = named.label if named is not None else ""
            complaints += (Complaint(problem=Problem.NO_SERVICE, given="", allowed=reasons, model_label=label),)
        first = quoted.candidates[0] if quoted.candidates else None
        if ended is not None and first is not None:
            heir = f"{first.model.label} at {self._registry.label(first.upstream)}"
            complaints = tuple(with_heir(each, heir) for each in complaints)
        return Offer(
            wish=settled,
            complaints=complaints,
            model_name=named.name if named is not None else None,
            model_class=model_class,
            model_label=named.label if named is not None else f"Auto ({CLASS_WORDS[model_class]})",
            length_s=settled.length_s or LENGTH_S,
            shape=settled.shape or Shape.WIDE,
            resolution=settled.resolution or RESOLUTION,
            usd_micros=quoted.usd_micros if isinstance(quoted, Quote) else 0,
            usd_micros_is_ceiling=isinstance(quoted, Quote) and quoted.is_ceiling,
            free=first is not None and first.model.price.billing is Billing.FREE,
            standings=(),
            typical=timedelta(seconds=first.model.typical_s) if first is not None else None,
            health_words=self._health_words(quoted),
            receives=_receivers(quoted),
            size_px=first.size_px if first is not None else None,
            lengths_s=_union(each.lengths_s for each in models),
            shapes=_union(each.shapes for each in models),
            resolutions=_union(each.resolutions for each in models),
        )

    async def cheaper(self, offer: Offer) -> Offer | None:
        """The same wish as the cheapest thing that can be made of it, if that is cheaper."""
        shortest = min(offer.lengths_s, default=offer.length_s)
        simpler = replace(offer.wish, model=None, model_class=ModelClass.FAST, length_s=shortest, resolution=None)
        found = await self.offer(simpler)
        return found if not found.complaints and found.usd_micros < offer.usd_micros else None

    def _of_class(self, model_class: ModelClass, now: datetime) -> tuple[Model, ...]:
        """Auto's models: of the class, or of whichever class there is."""
        offered = self._registry.offered(now)
        return tuple(each for each in offered if each.model_class is model_class) or offered

    def _named(self, wish: Wish, now: datetime) -> tuple[Model | None, tuple[Complaint, ...]]:
        if wish.model is None:
            return None, ()
        names = tuple(each.name for each in self._registry.offered(now))
        found = self._registry.find(wish.model)
        if found is not None and is_alive(found, now):
            return found, ()
        ended = ended_model(wish.model, self._registry.find, self._ended, now)
        if ended is not None:
            return None, (ended_complaint(wish.model, ended, names),)
        suggestion = self._registry.suggest(wish.model, now) or ""
        return None, (Complaint(problem=Problem.MODEL_UNKNOWN, given=wish.model, allowed=names, suggestion=suggestion),)

    def _health_words(self, quoted: Quote | Plan) -> str:
        if not quoted.candidates:
            return ""
        if isinstance(quoted, Plan) or not quoted.down:
            return "All good"
        label = self._registry.label(quoted.candidates[0].upstream)
        return f"{label} is out at the moment; your video starts by itself when it is back"


CLASS_WORDS = {ModelClass.FAST: "Fast", ModelClass.PRO: "Best"}


def _settled(wish: Wish, models: Sequence[Model]) -> Wish:
    """Fill in what the person left open: 5 seconds or nearest, wide, 720p."""
    lengths = _union(each.lengths_s for each in models) or (LENGTH_S,)
    shapes = _union(each.shapes for each in models) or (Shape.WIDE,)
    resolutions = _union(each.resolutions for each in models) or (RESOLUTION,)
    return replace(
        wish,
        length_s=wish.length_s or nearest(LENGTH_S, lengths),
        shape=wish.shape or (Shape.WIDE if Shape.WIDE in shapes else shapes[0]),
        resolution=wish.resolution or (RESOLUTION if RESOLUTION in resolutions else resolutions[0]),
    )


def _receivers(quoted: Quote | Plan) -> str:
    """Everybody the prompt may go to: agreeing to a price is agreeing to whoever takes over within it."""
    return ", or ".join(dict.fromkeys(each.model.receives for each in quoted.candidates))


def order_of(wish: Wish, model_name: str | None, model_class: ModelClass) -> Order:
    """The wish as the order it would become; every open choice is settled."""
    return Order(
        team_id=wish.team_id,
        user_id=wish.user_id,
        place=wish.place,
        prompt=wish.prompt,
        model=model_name,
        model_class=model_class,
        length_s=wish.length_s or LENGTH_S,
        shape=wish.shape or Shape.WIDE,
        resolution=wish.resolution or RESOLUTION,
        audio=wish.audio,
        seed=wish.seed,
        picture_id=wish.picture_id,
        picture_fit=wish.picture_fit,
        parent_job_id=wish.parent_job_id,
        avoided=wish.avoided,
    )


def _union(each: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(value for values in each for value in values))


def _cheapest(model: Model) -> int:
    """Its shortest video at its cheapest resolution, in micro-dollars."""
    shortest = min(model.lengths_s)
    return min(model.price.of(length_s=shortest, resolution=each) for each in model.resolutions)
