"""A video service in memory that does what a test tells it, and remembers what it really accepted."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.catalogue.model import (
    Audio,
    Billing,
    Model,
    ModelClass,
    Price,
    PromptUnit,
    Protocol,
    Shape,
    Tier,
)
from bot.clock import Clock
from bot.providers.base import (
    Download,
    FoundRender,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import NotFound, ProviderError
from bot.upstreams.registry import Upstream

SubmitFault = Callable[[], ProviderError]


@dataclass(slots=True)
class Accepted:
    """One render the service really started: money, from the outside."""

    render_id: str
    request: RenderRequest
    at: datetime


@dataclass
class ScriptedService:
    """`before` refuses submits without accepting, `after` loses the answers of accepted ones; used up in order."""

    clock: Clock
    film: Path
    statuses: list[RenderStatus | ProviderError] = field(default_factory=list)
    """What polls answer, in order; when used up, success."""
    before: list[ProviderError] = field(default_factory=list)
    after: list[ProviderError] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    confirms_cancel: bool = True
    listed: bool = True
    polls: int = 0

    async def submit(self, request: RenderRequest) -> RenderRef:
        if self.before:
            raise self.before.pop(0)
        render_id = f"r{len(self.accepted) + 1}-{id(self)}"
        self.accepted.append(Accepted(render_id, request, self.clock.now()))
        if self.after:
            raise self.after.pop(0)
        return RenderRef(render_id=render_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        self.polls += 1
        if ref.render_id not in {each.render_id for each in self.accepted}:
            raise NotFound("no such render")
        if self.statuses:
            told = self.statuses.pop(0)
            if isinstance(told, ProviderError):
                raise told
            return told
        return RenderStatus(state=RenderState.SUCCEEDED, result_ref="film")

    @asynccontextmanager
    async def download(self, _ref: RenderRef, _status: RenderStatus) -> AsyncIterator[Download]:
        content = self.film.read_bytes()

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        yield Download(chunks=chunks(), length=len(content))

    async def find(self, since: datetime) -> list[FoundRender]:
        shown = [each for each in self.accepted if each.at >= since] if self.listed else []
        return [
            FoundRender(
                ref=RenderRef(render_id=each.render_id),
                created_at=each.at,
                prompt=each.request.prompt,
                wire_name=each.request.wire_name,
            )
            for each in shown
        ]

    def adopted(self, render_id: str, _wire_name: str) -> RenderRef:
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        if self.confirms_cancel:
            self.cancelled.append(ref.render_id)
        return self.confirms_cancel

    async def check(self) -> None: ...

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        if headers.get("signature") != "genuine":
            return None
        return WebhookEvent(event_id=headers["id"], render_id=body.decode())


_: type[VideoProvider] = ScriptedService


def a_protocol(key: str = "scripted", **changes: object) -> Protocol:
    facts: dict[str, object] = {
        "key": key,
        "provider": key,
        "label": key.title(),
        "lists": True,
        "listing_lag_s": 60,
        "poll_min_s": 1.0,
        "poll_max_s": 10.0,
        "submit_timeout_s": 30.0,
    }
    return Protocol(**(facts | changes))  # type: ignore[arg-type]


def a_model(name: str = "wave-1", *, usd_micros_per_s: int | None = 100_000, **changes: object) -> Model:
    price = (
        Price(billing=Billing.FREE)
        if usd_micros_per_s is None
        else Price(billing=Billing.PER_SECOND, usd_micros={"720p": usd_micros_per_s})
    )
    facts: dict[str, object] = {
        "name": name,
        "label": name.title(),
        "model_class": ModelClass.FAST,
        "protocol": "scripted",
        "wire_name": f"{name}-wire",
        "picture_wire_name": f"{name}-picture",
        "lengths_s": (4, 8, 12),
        "sizes_px": {(Shape.WIDE, "720p"): (1280, 720), (Shape.VERTICAL, "720p"): (720, 1280)},
        "audio": Audio.ALWAYS,
        "seed": False,
        "prompt_limit": 2000,
        "prompt_unit": PromptUnit.CHARACTERS,
        "price": price,
        "typical_s": 60,
        "slow_s": 120,
        "receives": "the test",
    }
    return Model(**(facts | changes))  # type: ignore[arg-type]


def an_upstream(
    provider: VideoProvider, name: str = "scripted", *, tier: Tier = Tier.OFFICIAL, **changes: object
) -> Upstream:
    facts: dict[str, object] = {
        "name": name,
        "label": name.title(),
        "tier": tier,
        "protocol": a_protocol(),
        "provider": provider,
        "models": (a_model(),),
        "in_flight_max": 10,
        "submits_per_minute": 60,
    }
    return Upstream(**(facts | changes))  # type: ignore[arg-type]
