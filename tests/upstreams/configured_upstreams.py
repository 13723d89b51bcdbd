"""Upstreams and orders to plan with. Routing decides on values alone, so the providers here are never called."""

from typing import Any, cast

from bot.catalogue.model import Audio, Billing, Model, ModelClass, Price, PromptUnit, Protocol, Shape, Tier
from bot.providers.base import VideoProvider
from bot.upstreams.fitting import Wanted
from bot.upstreams.registry import Upstream

SIZES = {
    (Shape.WIDE, "720p"): (1280, 720),
    (Shape.VERTICAL, "720p"): (720, 1280),
    (Shape.WIDE, "1080p"): (1920, 1080),
}


def a_model(name: str = "reed", **changes: Any) -> Model:
    values: dict[str, Any] = {
        "name": name,
        "label": name.title(),
        "model_class": ModelClass.FAST,
        "protocol": "acme",
        "wire_name": f"acme/{name}/text",
        "picture_wire_name": f"acme/{name}/picture",
        "lengths_s": (4, 8, 12),
        "sizes_px": SIZES,
        "audio": Audio.SWITCH,
        "seed": True,
        "prompt_limit": 2000,
        "prompt_unit": PromptUnit.CHARACTERS,
        "price": per_second(100_000),
        "typical_s": 120,
        "slow_s": 240,
        "receives": "Acme",
    }
    return Model(**values | changes)


def per_second(usd_micros: int) -> Price:
    return Price(billing=Billing.PER_SECOND, usd_micros={"720p": usd_micros, "1080p": 2 * usd_micros})


def an_upstream(name: str, *models: Model, tier: Tier = Tier.RELAY, priority: int = 0) -> Upstream:
    return Upstream(
        name=name,
        label=name.upper(),
        tier=tier,
        protocol=Protocol(key="acme", provider="acme", label="Acme"),
        provider=cast(VideoProvider, object()),
        models=models,
        priority=priority,
        in_flight_max=10,
        submits_per_minute=60,
    )


def wanted(**changes: Any) -> Wanted:
    values: dict[str, Any] = {
        "model": None,
        "model_class": ModelClass.FAST,
        "length_s": 8,
        "shape": Shape.WIDE,
        "resolution": "720p",
        "audio": None,
        "seed": None,
        "prompt": "a corgi surfing at sunset",
        "has_picture": False,
        "usd_micros_max": None,
    }
    return Wanted(**values | changes)
