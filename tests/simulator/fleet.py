"""Four services of one team, their weather for a month, and what is ordered of them.

A good official service, two relays, one engine of the team's own. They differ in price, speed, classes, in how a lost
submit can be asked about, and in what they refuse. Random faults beside the weather come to under 10 % of the calls.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.catalogue.model import Audio, Billing, Model, ModelClass, Price, PromptUnit, Protocol, Shape, Tier
from bot.clock import Clock
from bot.jobs.wish import Wish
from tests.simulator import weather
from tests.simulator.dial import Dial, Fault
from tests.simulator.services import Service
from tests.simulator.virtual_loop import START
from tests.simulator.weather import Trouble

WAVE, GRAND, REEF = "wave", "grand", "reef"
GONE_SHARE = 0.5
"""After this share of the time the official service calls its best model gone, to everybody's surprise."""

RATES: Mapping[Fault, float] = {
    Fault.OUTAGE: 0.0,
    Fault.SUBMIT_UNREACHABLE: 0.005,
    Fault.SUBMIT_LOST_BEFORE: 0.004,
    Fault.SUBMIT_LOST_AFTER: 0.008,
    Fault.SUBMIT_SILENT: 0.003,
    Fault.SUBMIT_OTHER_5XX: 0.003,
    Fault.SUBMIT_REFUSED: 0.0,
    Fault.SUBMIT_INVALID: 0.0,
    Fault.SUBMIT_NO_MONEY: 0.0,
    Fault.RENDER_FAILED: 0.02,
    Fault.RENDER_REFUSED: 0.0,
    Fault.POLL_FAILS: 0.004,
    Fault.MIND_CHANGED: 0.0,
    Fault.ADMIN_WRONG: 0.0,
}
"""Refusals go by the prompt here, not by chance. People do not change their mind and admins do not err, so that every
order that is not made, and every second payment, is the bot's."""

WISHED = (
    *((None, None),) * 5,
    (None, ModelClass.PRO),
    *((WAVE, None),) * 2,
    (GRAND, None),
    (REEF, None),
)
"""(model, class) of orders: mostly Auto; one in ten wants what only one service has."""

_WEATHER: Mapping[str, Mapping[weather.Shape, float]] = {
    "official": {
        weather.Shape.CUT_OFF: 2,
        weather.Shape.LISTED_5XX: 4,
        weather.Shape.OTHER_5XX: 1,
        weather.Shape.BREAKS: 2,
        weather.Shape.SLOW: 2,
        weather.Shape.TURNS_DOWN: 1,
        weather.Shape.FLAPS: 1,
    },
    "brook": {
        weather.Shape.CUT_OFF: 2,
        weather.Shape.LISTED_5XX: 2,
        weather.Shape.OTHER_5XX: 2,
        weather.Shape.SILENT: 2,
        weather.Shape.NO_MONEY: 2,
        weather.Shape.TURNS_DOWN: 1,
        weather.Shape.FLAPS: 1,
    },
    "delta": {weather.Shape.CUT_OFF: 3, weather.Shape.OTHER_5XX: 2, weather.Shape.SILENT: 2, weather.Shape.BREAKS: 2},
    "barn": {weather.Shape.CUT_OFF: 3, weather.Shape.SLOW: 2, weather.Shape.BREAKS: 2, weather.Shape.FLAPS: 2},
}


def fleet_services(clock: Clock, dial: Dial, *, days: float, trouble: float = 1.0) -> list[Service]:
    """`trouble` multiplies how often incidents come."""
    fast, best = ModelClass.FAST, ModelClass.PRO
    services = [
        _service(
            "official",
            Tier.OFFICIAL,
            {(WAVE, fast): (10, 90), (GRAND, best): (30, 180)},
            {"lists": True, "listing_lag_s": 60, "cancels": True, "webhooks": True},
            clock,
            dial,
            strictness=0.03,
        ),
        _service(
            "brook",
            Tier.RELAY,
            {(WAVE, fast): (8, 120), (GRAND, best): (24, 240)},
            {"honours_idempotency_key": True, "idempotency_window_s": 3600, "webhooks": True},
            clock,
            dial,
            strictness=0.02,
            refuses_late=True,
        ),
        _service(
            "delta",
            Tier.RELAY,
            {(WAVE, fast): (7, 150), (REEF, fast): (9, 100)},
            {"lists": True, "listing_lag_s": 90, "charges_refused": True},
            clock,
            dial,
            strictness=0.01,
            refuses_late=True,
        ),
        _service("barn", Tier.SELF_HOSTED, {(WAVE, fast): (6, 300)}, {"cancels": True, "lists": True}, clock, dial),
    ]
    for each in services:
        each.troubles = weather.troubles(dial, each.name, _WEATHER[each.name], start=START, days=days, often=trouble)
    gone_at, never = START + GONE_SHARE * timedelta(days=days), START + timedelta(days=365)
    services[0].troubles.append(Trouble(gone_at, never, weather.Shape.GONE, model=f"official/{GRAND}"))
    return services


def fitting(service: Service, wish: Wish) -> list[Model]:
    """What of a service is what was wished for, cheapest first; health and consent aside."""
    wanted = wish.model_class or ModelClass.FAST
    fits = [
        each
        for each in service.models
        if (each.name == wish.model if wish.model is not None else each.model_class is wanted)
    ]
    return sorted(fits, key=lambda each: price_of(each, wish))


def price_of(model: Model, wish: Wish) -> int:
    return model.price.of(length_s=wish.length_s or 4, resolution="720p")


def cheapest_of(services: Sequence[Service], wish: Wish) -> int:
    """Micro-dollars: the least that this order can cost anywhere."""
    return min(price_of(each, wish) for service in services for each in fitting(service, wish))


def _service(
    name: str,
    tier: Tier,
    models: Mapping[tuple[str, ModelClass], tuple[int, int]],
    facts: Mapping[str, object],
    clock: Clock,
    dial: Dial,
    **manners: object,
) -> Service:
    protocol = Protocol(
        key=name,
        provider=name,
        label=name.title(),
        poll_min_s=3.0,
        poll_max_s=30.0,
        submit_timeout_s=30.0,
        in_flight_max=12,
        submits_per_minute=30,
        **facts,  # type: ignore[arg-type]
    )
    made = tuple(_model(each, kind, protocol, *figures) for (each, kind), figures in models.items())
    return Service(name=name, tier=tier, protocol=protocol, models=made, clock=clock, dial=dial, **manners)  # type: ignore[arg-type]


def _model(name: str, kind: ModelClass, protocol: Protocol, cents_per_s: int, typical_s: int) -> Model:
    return Model(
        name=name,
        label=name.title(),
        model_class=kind,
        protocol=protocol.key,
        wire_name=f"{protocol.key}/{name}",
        picture_wire_name=None,
        lengths_s=(4, 8),
        sizes_px={(Shape.WIDE, "720p"): (1280, 720)},
        audio=Audio.ALWAYS,
        seed=False,
        prompt_limit=2000,
        prompt_unit=PromptUnit.CHARACTERS,
        price=Price(billing=Billing.PER_SECOND, usd_micros={"720p": cents_per_s * 10_000}),
        typical_s=typical_s,
        slow_s=2 * typical_s,
        receives=protocol.label,
    )
