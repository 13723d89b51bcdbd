"""Video services as they are behind the wire: what they accepted, what became of it, what they charge.

This is the truth that the ledger is compared with at the end. `adapter.py` is how one process of the bot speaks to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.catalogue.model import Model, Protocol, Tier
from bot.clock import Clock
from bot.providers.base import RenderRequest
from tests.simulator.dial import Dial, Fault
from tests.simulator.weather import Shape, Trouble

SUBJECT: ContextVar[str] = ContextVar("subject", default="-")
"""Which order the running task works for: chances and the history go by it."""


def subject_of(prompt: str) -> str:
    """Prompts end in the order's number, so that a service's luck belongs to an order, whoever asks."""
    return prompt.rpartition(" ")[2]


class End(StrEnum):
    MADE = "made"
    FAILED = "failed"
    REFUSED = "refused"
    FORGOTTEN = "forgotten"


@dataclass(slots=True)
class Render:
    """One piece of paid work. `key` is the client key, which the service may or may not show or honour."""

    id: str
    key: str
    request: RenderRequest
    at: datetime
    ends_at: datetime
    end: End
    price_usd_micros: int
    shown_at: datetime
    """From then on it is in listings."""
    hangs: bool = False
    late_at: datetime | None = None
    """Failed, and made all the same then."""
    no_file_until: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def subject(self) -> str:
        return subject_of(self.request.prompt)


WakesBot = Callable[["Service", Render, str], Awaitable[bool]]
"""(service, render, event id): post to the bot's webhook address; False: nobody answered there."""


@dataclass
class Service:
    name: str
    tier: Tier
    protocol: Protocol
    models: tuple[Model, ...]
    clock: Clock
    dial: Dial
    spread: float = 0.35
    """Sigma of the log-normal render time."""
    renders: dict[str, Render] = field(default_factory=dict)
    by_key: dict[str, Render] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    strictness: float = 0.0
    """The share of prompts that it refuses, always the same ones; a stricter service refuses those too."""
    refuses_late: bool = False
    """A refusal shows as a render that fails."""
    accepted: Callable[["Service", Render], None] = lambda _service, _render: None
    """The judge looks at every acceptance, and at whatever else a service hears and says."""
    asked: Callable[["Service", RenderRequest], None] = lambda _service, _request: None
    """A submit arrives, or would if anybody were there."""
    checked: Callable[["Service", str | None], None] = lambda _service, _kind: None
    """The same of a free look."""
    answered: Callable[["Service", RenderRequest, str | None], None] = lambda _service, _request, _kind: None
    """The bot has an answer in hand: the kind of an error, or None for a video."""

    def shapes(self, wire_name: str = "") -> set[Shape]:
        """What is wrong at this moment, for that model. Whoever called a model gone goes on doing so to the end."""
        now = self.clock.now()
        found = {each.shape for each in self.troubles if each.bites(now) and each.model in {"", wire_name}}
        return found & {Shape.GONE} if self.dial.calm else found

    def troubles_begun(self) -> list[Trouble]:
        now = self.clock.now()
        return [each for each in self.troubles if each.begin <= now]

    def is_out(self) -> bool:
        return bool(self.shapes() & {Shape.CUT_OFF, Shape.FLAPS})

    def turns_down(self, request: RenderRequest) -> bool:
        """Whether it refuses this prompt now, for its words or for no reason at all."""
        touchy = self.dial.trait("touchy", subject_of(request.prompt))
        return touchy < self.strictness or Shape.TURNS_DOWN in self.shapes(request.wire_name)

    def accept(self, request: RenderRequest) -> Render:
        """Start work, or find the work of an honoured key."""
        known = self.by_key.get(request.client_key)
        window = timedelta(seconds=self.protocol.idempotency_window_s)
        if known is not None and self.protocol.honours_idempotency_key and self.clock.now() - known.at < window:
            return known
        render = self._new(request)
        self.renders[render.id] = self.by_key[render.key] = render
        self.accepted(self, render)
        return render

    def charged_usd_micros(self, render: Render) -> int:
        """What the bill says about it now."""
        now = self.clock.now()
        if render.late_at is not None and now >= render.late_at:
            return render.price_usd_micros
        if render.cancelled_at is not None or now < render.ends_at:
            return 0
        match render.end:
            case End.MADE:
                return render.price_usd_micros
            case End.FAILED:
                return render.price_usd_micros if self.protocol.charges_failed else 0
            case End.REFUSED:
                return render.price_usd_micros if self.protocol.charges_refused else 0
            case End.FORGOTTEN:
                return 0

    def may_still_cost(self, render: Render) -> bool:
        """Whether a second render beside this one may mean paying twice, as far as the bot can know."""
        if render.cancelled_at is not None:
            return False
        return self.clock.now() < render.ends_at or render.end is End.MADE

    def event_moments(self, render: Render) -> Iterator[datetime]:
        if render.end is not End.FORGOTTEN:
            yield render.ends_at
        if render.late_at is not None:
            yield render.late_at

    async def call_back(self, render: Render, wakes_bot: WakesBot) -> None:
        """Webhooks of one render: a few tries each, sometimes twice, sometimes never."""
        if not (self.protocol.webhooks and render.request.webhook_url):
            return
        for nth, moment in enumerate(self.event_moments(render)):
            await asyncio.sleep(max(0.0, (moment - self.clock.now()).total_seconds()))
            if render.cancelled_at is not None:
                return
            late = render.late_at is not None and moment == render.late_at
            if not late and self.dial.hits(Fault.WEBHOOK_LOST, render.subject):
                continue
            if self.dial.hits(Fault.WEBHOOK_LATE, render.subject):
                await asyncio.sleep(self.dial.dice("webhook comes after", render.subject).uniform(3600, 12 * 3600))
            again = self.dial.hits(Fault.WEBHOOK_TWICE, render.subject)
            for _ in range(2 if again else 1):
                for pause_s in (5.0, 30.0, 120.0, 600.0, 3600.0):
                    if await wakes_bot(self, render, f"{render.id}-{nth}"):
                        break
                    await asyncio.sleep(pause_s)

    def _new(self, request: RenderRequest) -> Render:
        now, subject = self.clock.now(), subject_of(request.prompt)
        model = next(each for each in self.models if each.wire_name == request.wire_name)
        dice = self.dial.dice(f"{self.name}.render", subject)
        takes_s = model.typical_s * dice.lognormvariate(0, self.spread)
        end, late_at = End.MADE, None
        shapes = self.shapes(request.wire_name)
        if self.dial.hits(Fault.RENDER_REFUSED, subject) or self.turns_down(request):
            end, takes_s = End.REFUSED, dice.uniform(1, 10)
        elif self.dial.hits(Fault.RENDER_FAILED, subject) or Shape.BREAKS in shapes:
            end = End.FAILED
        elif self.dial.hits(Fault.RENDER_FORGOTTEN, subject):
            end = End.FORGOTTEN
        hangs = self.dial.hits(Fault.RENDER_HANGS, subject) or (Shape.SLOW in shapes and end is End.MADE)
        if hangs:
            takes_s += dice.lognormvariate(8.5, 0.8)
            end = dice.choice((End.MADE, End.MADE, End.FAILED))
        ends_at = now + timedelta(seconds=takes_s)
        calls = self.protocol.webhooks and request.webhook_url is not None
        if end is End.MADE and calls and self.dial.hits(Fault.RENDER_LATE, subject):
            end, late_at = End.FAILED, ends_at + timedelta(seconds=dice.uniform(60, 3600))
        no_file = self.dial.hits(Fault.NO_FILE, subject)
        return Render(
            id=f"{self.name}-{len(self.renders) + 1}",
            key=request.client_key,
            request=request,
            at=now,
            ends_at=ends_at,
            end=end,
            price_usd_micros=model.price.of(length_s=request.length_s, resolution=request.resolution),
            shown_at=now + timedelta(seconds=dice.uniform(0, self.protocol.listing_lag_s * 0.9)),
            hangs=hangs,
            late_at=late_at,
            no_file_until=ends_at + timedelta(seconds=dice.choice((2, 4, 10**9))) if no_file else None,
        )
