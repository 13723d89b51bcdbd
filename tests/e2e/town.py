"""A whole town: the real bot in this process, a local Slack and a local video service, over real sockets."""

import asyncio
import functools
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import aiohttp
import chosen_database
from pydantic import SecretStr
from sqlalchemy.orm import Session

from bot import wiring
from bot.clock import Clock, SystemClock, new_id
from bot.config import Settings
from bot.demo.slack import LocalSlack, Message, View
from bot.demo.videos.service import LocalVideos
from bot.jobs import workflow
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.observing.confidential import Confidential
from bot.observing.pipeline import logging_to
from bot.slack.manifest import manifest
from bot.store import ledger
from bot.store.engine import open_engine

MODELS = "demo-fast=0.10/s, demo-best=0.30/s best"
SECRET = "whsec_c29yYS1ib3QtdG93bi1zZWNyZXQtMDAwMQ=="


@dataclass
class Town:
    slack: LocalSlack
    videos: LocalVideos
    bot: wiring.Bot
    settings: Settings

    async def sora(self, text: str, *, user: str = "ada", channel: str = "videos") -> Any:
        return await self.slack.command(user, channel, "/sora", text)

    def posts(self, channel: str = "videos", user: str = "ada") -> list[Message]:
        return [each for each in self.slack.messages(user, channel) if each.user_id == self.slack.bot_user_id]

    async def until(self, holds: Any, *, within_s: float = 20.0) -> None:
        await self.slack.until(holds, within_s=within_s)

    def private(self, channel: str = "videos", user: str = "ada") -> list[Message]:
        """What only this person was told."""
        return [each for each in self.posts(channel, user) if each.ephemeral_to]

    def films(self, channel: str = "videos") -> list[Message]:
        """Messages of the bot that show a video file, once each however often they were edited."""
        return [each for each in self.posts(channel) if each.file_ids]

    def cards(self, channel: str = "videos") -> list[Message]:
        return [each for each in self.posts(channel) if each.text.startswith("Video #") and not each.ephemeral_to]

    async def shown(self, stage: str) -> Message:
        """Ada's newest video as she sees it on asking, once it is in this stage: asking needs no card writer."""
        async with asyncio.timeout(10):
            while stage not in (said := (await self.sora("show")).said).text:
                await asyncio.sleep(0.3)  # twenty commands a minute are allowed
        assert isinstance(said, Message)
        return said

    async def form(self, user: str = "ada") -> View:
        """The form on somebody's screen, once it is more than "One moment"."""

        def ready() -> bool:
            view = self.slack.top_view(user)
            return view is not None and bool(view.told.get("submit"))

        await self.until(ready)
        view = self.slack.top_view(user)
        assert view is not None
        return view

    async def quota(self, user: str = "ada") -> str:
        """The figures as this person reads them."""
        return str((await self.sora("quota", user=user)).said.text)

    def ledger_is_exact(self) -> bool:
        """Every balance adds up again, read from the file by a connection of our own."""
        engine = open_engine(self.settings.database_url, busy_timeout_ms=5000)
        try:
            with Session(engine) as session:
                return ledger.recompute(session, self.slack.team_id) == ()
        finally:
            engine.dispose()


class BriskClock:
    """Real time, run through so many times faster: what waits a minute by it has waited for seconds.

    A copy of it in another process of this machine shows the same time, because all of them share `time.monotonic`.
    """

    def __init__(self, times: float) -> None:
        self._times = times
        self._began, self._began_at = datetime.now(UTC), time.monotonic()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=(time.monotonic() - self._began_at) * self._times)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._times)


def a_film(folder: Path) -> Path:
    """Four seconds of waves; drawn once by each process, which takes it most of a second."""
    film = folder / "film.mp4"
    folder.mkdir(parents=True, exist_ok=True)
    film.write_bytes(_waves())
    return film


@functools.cache
def _waves() -> bytes:
    order = AnimaticRequest(prompt="waves", length_s=4, size_px=(320, 180), audio=True, label="test")
    with tempfile.TemporaryDirectory() as folder:
        render_animatic(order, Path(folder) / "waves.mp4")
        return (Path(folder) / "waves.mp4").read_bytes()


def on_file(folder: Path) -> dict[str, str]:
    """For what is about SQLite itself, whatever the rest of the tests run on: `a_town(folder, **on_file(folder))`."""
    return {"SORA_DATABASE_URL": f"sqlite:///{folder / 'sora.sqlite'}"}


def settings_of(folder: Path, slack: LocalSlack, videos: LocalVideos, **more: Any) -> Settings:
    """Nothing from this machine's environment or files."""
    values: dict[str, Any] = {
        "SLACK_BOT_TOKEN": SecretStr(slack.bot_token),
        "SLACK_APP_TOKEN": SecretStr(slack.app_token),
        "SLACK_API_URL": slack.api_url,
        "SORA_SPOOL": folder / "spool",
        "PORT": 0,
        "SORA_HOST": "127.0.0.1",
        "SORA_VIDEOS_URL": videos.base_url,
        "SORA_VIDEOS_KEY": SecretStr(videos.key),
        "SORA_VIDEOS_MODELS": MODELS,
        "SORA_VIDEOS_VARIANT": videos.variant,
        "SORA_VIDEOS_LABEL": "Local video service",
        "SORA_VIDEOS_WEBHOOK_SECRET": SecretStr(SECRET),
    }
    if "SORA_DATABASE_URL" not in more:
        values["SORA_DATABASE_URL"] = chosen_database.url_for(folder / "sora.sqlite")
    return Settings(**(values | more))


async def _ready(port: int) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(20):
        while True:
            async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_place(
    folder: Path, *, render_s: float = 0.05, variant: str = "openai", clock: Clock = SystemClock()
) -> AsyncIterator[tuple[LocalSlack, LocalVideos]]:
    """The town without a bot; several may live there one after the other. `clock` is the video service's."""
    async with (
        LocalSlack.running(manifest=manifest(), directory=folder / "slack") as slack,
        LocalVideos.running(
            clock=clock,
            directory=folder / "films",
            film=a_film(folder),
            variant=variant,
            render_s=render_s,
            poll_after_ms=100,
            webhook_secret=SECRET,
        ) as videos,
    ):
        yield slack, videos


@asynccontextmanager
async def a_bot(
    slack: LocalSlack,
    videos: LocalVideos,
    settings: Settings,
    *,
    clock: Clock = SystemClock(),
    log: TextIO | None = None,
) -> AsyncIterator[Town]:
    """`clock` is the bot's alone. `log`: where it keeps its log, as `sora-bot run` does on stderr."""
    confidential = Confidential.of(settings)
    keeping = logging_to(log, confidential=confidential, level="DEBUG", dress="json") if log else nullcontext()
    with keeping:
        async with wiring.running(settings, clock=clock, new_id=new_id, confidential=confidential) as bot:
            videos.webhooks.url = f"http://127.0.0.1:{bot.port}/webhooks/videos"
            await _ready(bot.port)
            yield Town(slack=slack, videos=videos, bot=bot, settings=settings)


@asynccontextmanager
async def a_town(
    folder: Path,
    *,
    render_s: float = 0.05,
    variant: str = "openai",
    clock: Clock = SystemClock(),
    pace: float = 1.0,
    log: TextIO | None = None,
    **more: Any,
) -> AsyncIterator[Town]:
    """A place and a bot in it, on a file that its engine knows already.

    `pace`: so many times faster go the clocks of the bot and of the video service. Slack's never does: its three
    seconds for an acknowledgement are real, and so are the bot's timeouts on the wire.
    """
    ours = clock if pace == 1.0 else BriskClock(pace)
    theirs = SystemClock() if pace == 1.0 else ours
    async with a_place(folder, render_s=render_s, variant=variant, clock=theirs) as (slack, videos):
        # On Postgres a bot ends itself whose beats are late by its own clock; a brisk one must not for a busy machine.
        beats = {"SORA_FENCE_AFTER_S": 20 * pace, "SORA_RECOVER_AFTER_S": 30 * pace}
        settings = settings_of(folder, slack, videos, **(beats | more))
        await started_before(settings.database_url)
        async with a_bot(slack, videos, settings, clock=ours, log=log) as town:
            yield town


async def started_before(database_url: str) -> None:
    """DBOS looks for new queues once a second: on a fresh file the first video of all waits for that."""
    if not database_url.startswith("sqlite"):
        return
    engine = open_engine(database_url, busy_timeout_ms=5000, isolation_level="IMMEDIATE")
    known = workflow.EngineSettings(url=database_url, engine=engine, executor_id="local", running_max=1)
    async with workflow.running_engine(known, None):
        pass
