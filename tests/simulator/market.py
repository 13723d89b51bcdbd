"""The services of a simulated town: five ways to be asked about a lost submit, from an honoured key to nothing."""

from bot.catalogue.model import Audio, Billing, Model, ModelClass, Price, PromptUnit, Protocol, Shape, Tier
from bot.clock import Clock
from tests.simulator.dial import Dial
from tests.simulator.services import Service

COMMON = "wave"
"""The one model that every service has, so that a named order can fail over at the same name."""


def town_services(clock: Clock, dial: Dial) -> list[Service]:
    def service(
        name: str, tier: Tier, cents_per_s: int, typical_s: int, in_flight_max: int = 12, **facts: object
    ) -> Service:
        protocol = Protocol(
            key=name,
            provider=name,
            label=name.title(),
            poll_min_s=2.0,
            poll_max_s=30.0,
            submit_timeout_s=30.0,
            in_flight_max=in_flight_max,
            submits_per_minute=30,
            **facts,  # type: ignore[arg-type]
        )
        models = tuple(_model(each, protocol, cents_per_s, typical_s) for each in (COMMON, f"{name}-own"))
        return Service(name=name, tier=tier, protocol=protocol, models=models, clock=clock, dial=dial)

    return [
        service("studio", Tier.OFFICIAL, 10, 120, lists=True, listing_lag_s=60, cancels=True, webhooks=True),
        service("keyed", Tier.OFFICIAL, 9, 60, honours_idempotency_key=True, idempotency_window_s=3600),
        service("hooked", Tier.RELAY, 8, 90, cancels=True, webhooks=True),
        service("bare", Tier.RELAY, 7, 200, in_flight_max=6),
        service("strict", Tier.SELF_HOSTED, 6, 45, lists=True, listing_lag_s=90, charges_refused=True),
    ]


def _model(name: str, protocol: Protocol, cents_per_s: int, typical_s: int) -> Model:
    return Model(
        name=name,
        label=name.title(),
        model_class=ModelClass.FAST,
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
