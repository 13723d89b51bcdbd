"""The demo's three services with the real bot in this process, on a clock that can leap."""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaping_clock import LeapingClock
from town import SECRET, Town, a_bot, a_film, on_file, settings_of, started_before

from bot.cli.demo_town import NOTICES, notices_go_to
from bot.demo.services import OFFERS, Service, running_services, sora_toml
from bot.demo.slack import LocalSlack, Message
from bot.demo.videos import Switch
from bot.slack.manifest import manifest

WITHIN_S = 25.0
LEAP_S, EVERY_S = 0.5, 0.05
"""While something is waited for, time goes ten times as fast."""
NO_SERVER = {
    "SORA_VIDEOS_URL": "",
    "SORA_VIDEOS_KEY": None,
    "SORA_VIDEOS_MODELS": "",
    "SORA_VIDEOS_VARIANT": "relay",
    "SORA_VIDEOS_LABEL": "",
    "SORA_VIDEOS_WEBHOOK_SECRET": None,
}


@dataclass
class Street:
    """`town.videos` is Northlight's."""

    town: Town
    services: tuple[Service, ...]
    clock: LeapingClock

    @property
    def taken(self) -> list[int]:
        """How many orders each has got, whatever the bot heard of them."""
        return [each.taken for each in self.services]

    async def switch(self, name: str, position: Switch) -> None:
        await next(each for each in self.services if each.offer.name == name).videos.switch(position)

    async def until(self, holds: Callable[[], Any]) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not holds():
                    self.clock.leap(LEAP_S)
                    await asyncio.sleep(EVERY_S)
        except TimeoutError:
            said = "\n".join(str(each.blocks or each.text) for each in self.town.posts())
            raise AssertionError(f"in vain; {self.taken} orders taken, and read:\n{said}") from None

    @asynccontextmanager
    async def hurrying(self) -> AsyncIterator[None]:
        """Time goes as fast as in `until`, whatever the test waits for."""

        async def leaping() -> None:
            while True:
                self.clock.leap(LEAP_S)
                await asyncio.sleep(EVERY_S)

        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(leaping())
            yield
            task.cancel()

    async def card(self, prompt: str, *words: str) -> Message:
        """The card of this prompt, once it says all of that."""

        def found() -> list[Message]:
            cards = [each for each in self.town.posts() if prompt in str(each.blocks) and not each.ephemeral_to]
            return [each for each in cards if all(part in str(each.blocks) for part in words)]

        await self.until(found)
        return found()[-1]


@asynccontextmanager
async def a_street(folder: Path) -> AsyncIterator[Street]:
    """Notices go to #video-status; Ada is the admin."""
    clock = LeapingClock()
    async with (
        LocalSlack.running(manifest=manifest(), directory=folder / "slack") as slack,
        running_services(
            clock=clock, folder=folder / "films", film=a_film(folder), offers=OFFERS,
            callback_url="http://127.0.0.1:9/webhooks", webhook_secret=SECRET,
        ) as services,
    ):  # fmt: skip
        notices = slack.add_channel(NOTICES, after="videos")
        servers = tomllib.loads(sora_toml(services, webhook_secret=SECRET))["servers"]
        northlight = services[0].videos
        more = NO_SERVER | on_file(folder) | {"servers": servers, "SORA_ADMINS": "U0ADA00001"}
        settings = settings_of(folder, slack, northlight, **more)
        await started_before(settings.database_url)
        async with a_bot(slack, northlight, settings, clock=clock) as town:
            northlight.webhooks.url = f"http://127.0.0.1:{town.bot.port}/webhooks/northlight"
            await notices_go_to(slack, notices)
            yield Street(town=town, services=services, clock=clock)
