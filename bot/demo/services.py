"""The demo's three video services: other names, dialects, prices and speeds, each with a switch of its own.

The bot learns of them as of anybody's: from `[servers.NAME]` tables in the `sora.toml` of its folder.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.clock import Clock
from bot.demo.videos import LocalVideos, Switch, Variant

POLL_AFTER_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """One model at one service's price."""

    model: str
    usd_micros_per_s: int
    takes_s: int
    """What a video usually takes, as the bot is told."""
    is_best: bool = False

    @property
    def told(self) -> str:
        """As `models` of a server has it."""
        price = f"{self.usd_micros_per_s / 1_000_000:.2f}/s" if self.usd_micros_per_s else "free"
        return f"{self.model}={price}{' best' if self.is_best else ''} {self.takes_s}s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one service is; the page shows it, the bot's settings are made of it."""

    name: str
    label: str
    variant: Variant
    tier: str
    render_s: float
    sells: tuple[Sold, ...]
    says: str
    """For a person who sees it for the first time."""


OFFERS: Final = (
    Offer(
        name="northlight",
        label="Northlight",
        variant=Variant.OPENAI,
        tier="official",
        render_s=7.0,
        sells=(
            Sold(model="Aurora", usd_micros_per_s=100_000, takes_s=10),
            Sold(model="Aurora-Pro", usd_micros_per_s=300_000, takes_s=12, is_best=True),
        ),
        says="Official, asked first. $0.10 a second, about 10\N{NO-BREAK SPACE}s",
    ),
    Offer(
        name="harbour",
        label="Harbour",
        variant=Variant.RELAY,
        tier="relay",
        render_s=9.0,
        sells=(
            Sold(model="Tide", usd_micros_per_s=80_000, takes_s=20),
            Sold(model="Aurora-Pro", usd_micros_per_s=360_000, takes_s=20, is_best=True),
        ),
        says="A reseller. $0.08 a second, about 20\N{NO-BREAK SPACE}s",
    ),
    Offer(
        name="workshop",
        label="Workshop",
        variant=Variant.VLLM_OMNI,
        tier="self_hosted",
        render_s=18.0,
        sells=(Sold(model="Cedar", usd_micros_per_s=0, takes_s=25),),
        says="The team's own machine. Free, about 25\N{NO-BREAK SPACE}s",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One running service, and what it is sold as."""

    offer: Offer
    videos: LocalVideos

    @property
    def taken(self) -> int:
        """How many orders it ever took, whatever the bot heard of them."""
        return len(self.videos.accepted)

    @property
    def billed_usd_micros(self) -> int:
        """What it would put on its invoice by now."""
        rates = {each.model: each.usd_micros_per_s for each in self.offer.sells}
        return sum(
            rates.get(each.asked.model, 0) * each.asked.length_s
            for each in self.videos.accepted
            if self.videos.charged(each)
        )


@asynccontextmanager
async def running_services(
    *,
    clock: Clock,
    folder: Path,
    callback_url: str,
    webhook_secret: str,
    offers: Sequence[Offer] = OFFERS,
    film: Path | None = None,
) -> AsyncIterator[tuple[Service, ...]]:
    """All of them, each on a port of its own.

    Args:
        folder: for their films.
        callback_url: where the bot listens for what a service tells by itself, without the service's name.
        film: an MP4 that answers every order, as `LocalVideos` has it.
    """
    async with AsyncExitStack() as owned:
        services = []
        for offer in offers:
            calls_back = offer.variant is Variant.OPENAI
            videos = await owned.enter_async_context(
                LocalVideos.running(
                    clock=clock,
                    directory=folder,
                    film=film,
                    variant=offer.variant,
                    key=f"sk-local-{offer.name}",
                    models=tuple(each.model for each in offer.sells),
                    render_s=offer.render_s,
                    poll_after_ms=POLL_AFTER_MS,
                    webhook_url=f"{callback_url}/{offer.name}" if calls_back else None,
                    webhook_secret=webhook_secret if calls_back else None,
                    label=f"{offer.label} · local demo render",
                )
            )
            services.append(Service(offer=offer, videos=videos))
        yield tuple(services)


async def switch_all(services: Sequence[Service], position: Switch) -> None:
    for each in services:
        await each.videos.switch(position)


def sora_toml(services: Sequence[Service], *, webhook_secret: str) -> str:
    """The part of the bot's settings file that names the services."""
    return "\n".join(_table(each, webhook_secret) for each in services)


def _table(service: Service, webhook_secret: str) -> str:
    offer = service.offer
    told: Mapping[str, str] = {
        "url": service.videos.base_url,
        "key": service.videos.key,
        "models": ", ".join(each.told for each in offer.sells),
        "variant": offer.variant.value,
        "label": offer.label,
        "tier": offer.tier,
    } | ({"webhook_secret": webhook_secret} if offer.variant is Variant.OPENAI else {})
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    return "\n".join([f"[servers.{offer.name}]", *lines, ""])
