"""Two services that stay, and bots that are killed and started again: the ground under every kill test."""

import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from e2e.town import MODELS, SECRET, BriskClock, a_film
from faults.forked import ForkedBot
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.clock import Clock, SystemClock
from bot.demo.slack import LocalSlack, Message
from bot.demo.videos.service import LocalVideos
from bot.slack.manifest import manifest
from bot.store import ledger
from bot.store.engine import open_engine
from bot.store.tables.jobs import AttemptRow

WITHIN_S = 60


@dataclass(frozen=True)
class Books:
    states: list[str]
    paid_usd_micros: int
    exact: bool
    """Balances are what the ledger adds up to."""


@dataclass
class KillTown:
    """Two services that stay, and a bot that is killed and started again."""

    slack: LocalSlack
    videos: LocalVideos
    folder: Path
    port: int
    clock: Clock
    """The video service's, and the bots'."""
    settings: dict[str, str] = field(default_factory=dict)
    """Of every bot."""
    pids: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[ForkedBot]:
        """Connected to Slack."""
        told, folder = self.told(self.port), self.folder / "bot"
        async with ForkedBot.running(told, clock=self.clock, folder=folder) as process:
            self.pids.append(process.pid)
            await self.slack.sockets.connected(within_s=WITHIN_S)
            yield process

    def told(self, port: int) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "SORA_VIDEOS_URL": self.videos.base_url,
            "SORA_VIDEOS_KEY": self.videos.key,
            "SORA_VIDEOS_MODELS": MODELS,
            "SORA_VIDEOS_VARIANT": "openai",
            "SORA_VIDEOS_WEBHOOK_SECRET": SECRET,
            "SORA_HOST": "127.0.0.1",
            "PORT": str(port),
        } | self.settings

    def strike(self) -> None:
        os.kill(self.pids[-1], signal.SIGKILL)

    def posts(self) -> list[Message]:
        seen = self.slack.messages("ada", "videos")
        return [each for each in seen if each.user_id == self.slack.bot_user_id and not each.ephemeral_to]

    def films(self) -> int:
        return sum(len(each.file_ids) for each in self.posts())

    def cards(self) -> list[Message]:
        return [each for each in self.posts() if each.thread_ts is None and not each.file_ids]

    def finished_cards(self) -> int:
        return len({each.text for each in self.cards() if "Done" in each.text})

    def books(self) -> Books:
        """What the file says that the bot left behind, or still writes."""
        with self._reading() as session:
            jobs = session.execute(sa.text("SELECT state, paid_usd_micros FROM job ORDER BY number")).all()
            exact = ledger.recompute(session, self.slack.team_id) == ()
        return Books(
            states=[str(state) for state, _ in jobs], paid_usd_micros=sum(int(paid) for _, paid in jobs), exact=exact
        )

    def tries(self) -> Sequence[AttemptRow]:
        """Every attempt, first to last."""
        with self._reading() as session:
            return session.scalars(sa.select(AttemptRow).order_by(col(AttemptRow.intent_at))).all()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        engine = open_engine(f"sqlite:///{self.folder}/bot/data/sora.sqlite", busy_timeout_ms=5000)
        try:
            with Session(engine) as session:
                yield session
        finally:
            engine.dispose()


@asynccontextmanager
async def a_kill_town(folder: Path, *, pace: float = 1.0, render_s: float = 1.0) -> AsyncIterator[KillTown]:
    """`pace`: so many times faster go the clocks of the video service and of the bots. Slack's is real."""
    clock = SystemClock() if pace == 1.0 else BriskClock(pace)
    async with (
        LocalSlack.running(manifest=manifest(), directory=folder / "slack") as slack,
        LocalVideos.running(
            clock=clock,
            directory=folder / "films",
            film=a_film(folder),
            render_s=render_s,
            poll_after_ms=200,
            webhook_secret=SECRET,
        ) as videos,
    ):
        yield KillTown(slack=slack, videos=videos, folder=folder, port=free_port(), clock=clock)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
