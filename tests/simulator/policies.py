"""Two simple bots over the same services, the same weather and the same luck for each order, to compare ours with.

Neither crashes, posts, keeps books or asks anybody. Both look at a render until it has taken as long as ours waits.
Their people are those of ours: who gets no video asks once more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bot.catalogue.model import Shape
from bot.jobs.wish import Wish
from bot.providers.base import RenderRequest, RenderState
from bot.providers.errors import CapacityFailed, Moderated, ProviderError, RateLimited, TimedOut, Unreachable
from tests.simulator.adapter import Adapter
from tests.simulator.dial import Dial
from tests.simulator.fleet import fitting
from tests.simulator.life import Life
from tests.simulator.people import Plan, once_more_after_s
from tests.simulator.services import Render, Service

LOOK_S = 10.0
WAIT_MAX_S = 900.0
SAFE = (Unreachable, RateLimited, CapacityFailed)
"""Of a submit: nothing was started."""
PAUSES_S = (5.0, 30.0)
UNHEARD = "https://simple.test"
"""Asked for, as ours does, so that a service is the same to all; nobody listens there."""


@dataclass(slots=True)
class Ask:
    """One time that a person asked for it."""

    renders: list[tuple[Service, Render]] = field(default_factory=list)
    refused_by: set[str] = field(default_factory=set)
    told_paid: bool = False
    """A service said that it was made, so its person knows that it is paid, file or not."""


@dataclass(slots=True)
class Made:
    """What became of one order."""

    plan: Plan
    seconds: float | None = None
    """From the order to the video; None: there is none."""
    asks: list[Ask] = field(default_factory=list)


Policy = Callable[["SimpleBot", Made], Awaitable[bool]]


async def official_only(bot: "SimpleBot", made: Made) -> bool:
    """The first service. What proves that nothing was started is tried again, twice."""
    for pause_s in (*PAUSES_S, 0.0):
        try:
            return await bot.video(bot.services[0], made)
        except SAFE:
            await asyncio.sleep(pause_s)
        except ProviderError:
            return False
    return False


async def each_in_turn(bot: "SimpleBot", made: Made) -> bool:
    """Whatever goes wrong, the next one is asked."""
    for service in bot.services:
        try:
            return await bot.video(service, made)
        except ProviderError:
            continue
    return False


class SimpleBot:
    def __init__(self, services: Sequence[Service], dial: Dial, policy: Policy) -> None:
        self.services = services
        self._dial = dial
        self._policy = policy
        self._adapters = {
            each.name: Adapter(each, Life("simple", dial, lambda _life, _where: None)) for each in services
        }
        self.made: dict[str, Made] = {}
        for each in services:
            each.accepted = self._accepted

    async def serve(self, orders: Iterable[Plan]) -> list[Made]:
        self.made = {str(each.number): Made(each) for each in orders}
        orders = [asyncio.ensure_future(self._order(each)) for each in self.made.values()]
        await asyncio.sleep(max(each.plan.at_s for each in self.made.values()))
        self._dial.calm = True  # as for ours: after the last order nothing fails any more
        await asyncio.gather(*orders)
        return list(self.made.values())

    async def video(self, service: Service, made: Made) -> bool:
        """Raises whatever went wrong there; what it has not got is no video either."""
        models = fitting(service, made.plan.wish) or list(service.models[:1])
        adapter, wish = self._adapters[service.name], made.plan.wish
        try:
            key = f"{service.name}-{made.plan.number}-{len(made.asks)}"
            webhook_url = UNHEARD if service.protocol.webhooks else None
            ref = await adapter.submit(_request(wish, models[0].wire_name, key, webhook_url))
            looks = int(WAIT_MAX_S / LOOK_S)
            for _ in range(looks):
                await asyncio.sleep(LOOK_S)
                try:
                    status = await adapter.poll(ref)
                except ProviderError:
                    continue
                if status.failure is not None:
                    raise status.failure
                if status.state is RenderState.SUCCEEDED:
                    made.asks[-1].told_paid = True
                    async with adapter.download(ref, status):
                        return True
        except Moderated:
            made.asks[-1].refused_by.add(service.name)
            raise
        raise TimedOut("it takes too long")

    async def _order(self, made: Made) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(made.plan.at_s)
        for pause_s in (once_more_after_s(self._dial, str(made.plan.number)), None):
            made.asks.append(Ask())
            if await self._policy(self, made):
                made.seconds = loop.time() - made.plan.at_s
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)

    def _accepted(self, service: Service, render: Render) -> None:
        nth = int(render.key.rpartition("-")[2])
        self.made[render.subject].asks[nth - 1].renders.append((service, render))


def _request(wish: Wish, wire_name: str, client_key: str, webhook_url: str | None) -> RenderRequest:
    return RenderRequest(
        prompt=wish.prompt,
        wire_name=wire_name,
        length_s=wish.length_s or 4,
        shape=Shape.WIDE,
        resolution="720p",
        size_px=(1280, 720),
        audio=None,
        seed=None,
        picture=None,
        client_key=client_key,
        webhook_url=webhook_url,
        extra={},
    )
