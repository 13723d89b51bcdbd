"""Two simple bots over the same services, the same weather and the same luck for each order, to compare ours with.

Neither crashes, posts, keeps books or asks anybody. Both look at a render until it has taken as long as ours waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bot.catalogue.model import Shape
from bot.jobs.answers import Wish
from bot.providers.base import RenderRequest, RenderState
from bot.providers.errors import CapacityFailed, Moderated, ProviderError, RateLimited, TimedOut, Unreachable
from tests.simulator.adapter import Adapter
from tests.simulator.dial import Dial
from tests.simulator.fleet import fitting
from tests.simulator.life import Life
from tests.simulator.people import Plan
from tests.simulator.services import Render, Service

LOOK_S = 10.0
WAIT_MAX_S = 900.0
SAFE = (Unreachable, RateLimited, CapacityFailed)
"""Of a submit: nothing was started."""
PAUSES_S = (5.0, 30.0)


@dataclass(slots=True)
class Made:
    """What became of one order."""

    plan: Plan
    seconds: float | None = None
    """From the order to the video; None: there is none."""
    renders: list[tuple[Service, Render]] = field(default_factory=list)
    refused_by: set[str] = field(default_factory=set)


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
        self._policy = policy
        self._adapters = {
            each.name: Adapter(each, Life("simple", dial, lambda _life, _where: None)) for each in services
        }
        self.made: dict[str, Made] = {}
        for each in services:
            each.accepted = self._accepted

    async def serve(self, orders: Iterable[Plan]) -> list[Made]:
        self.made = {str(each.number): Made(each) for each in orders}
        await asyncio.gather(*(self._order(each) for each in self.made.values()))
        return list(self.made.values())

    async def video(self, service: Service, made: Made) -> bool:
        """Raises whatever went wrong there; what it has not got is no video either."""
        models = fitting(service, made.plan.wish) or list(service.models[:1])
        adapter, wish = self._adapters[service.name], made.plan.wish
        try:
            ref = await adapter.submit(_request(wish, models[0].wire_name, f"{service.name}-{made.plan.number}"))
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
                    async with adapter.download(ref, status):
                        return True
        except Moderated:
            made.refused_by.add(service.name)
            raise
        raise TimedOut("it takes too long")

    async def _order(self, made: Made) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(made.plan.at_s)
        if await self._policy(self, made):
            made.seconds = loop.time() - made.plan.at_s

    def _accepted(self, service: Service, render: Render) -> None:
        self.made[render.subject].renders.append((service, render))


def _request(wish: Wish, wire_name: str, client_key: str) -> RenderRequest:
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
        webhook_url=None,
        extra={},
    )
