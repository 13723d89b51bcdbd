"""Many orders in flight, and bots that somebody kills without end: the ground under random kills.

Whoever keeps the bots alive starts each one again as soon as it is dead, as a supervisor does. Customers order whenever
fewer videos than wanted are under way and somebody listens.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import databases
import sqlalchemy as sa
from bench.processes import LIMITS
from faults.forked import ForkedBot
from faults.kill_town import KillTown, a_kill_town, free_port
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.demo.faults import Delay
from bot.jobs.model import ENDED, JobState
from bot.store.engine import open_engine
from bot.store.tables.jobs import JobRow

PEOPLE = ("ada", "ben")
ACCEPTED, REFUSED = "is on its way", "Nothing was started or charged"
AT_ONCE = 8
"""Commands that wait for their answers at the same moment. Too many, and the bot tells people to slow down."""
LOOK_S = 0.4
SUBMIT_S, SLACK_S = 0.4, 0.1
"""What services take to answer, after their work: as long as real ones, so that kills meet what they are about."""
SLOW_AT_SLACK = (
    "chat.postMessage", "chat.update", "files.getUploadURLExternal", "upload", "files.completeUploadExternal",
)  # fmt: skip
DEAD_WITHIN_S = 10.0
BEAT_S, FENCE_AFTER_S, RECOVER_AFTER_S = 0.2, 0.8, 1.2
"""In real seconds. A bot's own clock is brisk, so it is told of more; who is dead is seen by the database's clock."""


@dataclass(slots=True, eq=False)
class Seat:
    """A place where a bot lives: after each death the next one, in the same folder."""

    folder: Path
    port: int
    bot: ForkedBot | None = None
    taken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(kw_only=True)
class Crowd:
    town: KillTown
    engine: sa.Engine
    """Ours, to read what the bots wrote."""
    jobs: int
    """So many are kept under way."""
    seats: list[Seat]
    ordered: int = 0
    promised: set[str] = field(default_factory=set)
    """Prompts whose person was told that the video is on its way."""
    refused: set[str] = field(default_factory=set)
    """Prompts whose person was told that nothing was started."""
    ended: Counter[int] = field(default_factory=Counter)
    """Bots that ended without being killed, by exit code."""
    met: Counter[str] = field(default_factory=Counter)
    """States of all jobs under way at all kills."""
    in_flight: list[int] = field(default_factory=list)
    """Jobs under way at each kill."""

    def reading(self) -> Session:
        return Session(self.engine)

    async def keep_alive(self, seat: Seat) -> None:
        """Until cancelled."""
        while True:
            told = self.town.told(seat.port)
            async with ForkedBot.running(told, clock=self.town.clock, folder=seat.folder) as seat.bot:
                seat.taken.set()
                while seat.bot.code is None:
                    await asyncio.sleep(0.01)
                if seat.bot.code != -9:
                    self.ended[seat.bot.code] += 1
                seat.taken.clear()

    async def kill_one(self, chance: random.Random) -> None:
        seat = chance.choice(self.seats)
        await seat.taken.wait()
        assert seat.bot is not None
        seat.bot.kill()
        await seat.bot.gone(DEAD_WITHIN_S)
        under_way = await asyncio.to_thread(self.under_way)
        self.met.update(under_way)
        self.in_flight.append(under_way.total())

    async def keep_ordering(self) -> None:
        """Until cancelled."""
        while True:
            if self.town.slack.sockets.live:
                missing = self.jobs - (await asyncio.to_thread(self.under_way)).total()
                await asyncio.gather(*(self._order() for _ in range(min(missing, AT_ONCE))))
            await asyncio.sleep(LOOK_S)

    async def _order(self) -> None:
        number, self.ordered = self.ordered, self.ordered + 1
        prompt = f"wave number {number}"
        answered = await self.town.slack.command(PEOPLE[number % len(PEOPLE)], "videos", "/sora", f"{prompt} --4s")
        said = answered.said.text if answered.said is not None else ""
        if ACCEPTED in said:
            self.promised.add(prompt)
        elif REFUSED in said:
            self.refused.add(prompt)

    def under_way(self) -> Counter[str]:
        """How many jobs are in each state, of those that have not ended."""
        rows = sa.select(col(JobRow.state), sa.func.count()).group_by(col(JobRow.state))
        with self.reading() as session:
            return Counter({state: count for state, count in session.execute(rows) if JobState(state) not in ENDED})


@asynccontextmanager
async def a_crowd(
    folder: Path, *, jobs: int, kind: databases.Kind, replicas: int, pace: float, render_s: float
) -> AsyncIterator[Crowd]:
    """Nobody lives here yet, and nothing is ordered. `render_s` is real time."""
    url = databases.url_for(folder / "sora.sqlite", kind)
    async with a_kill_town(folder, pace=pace, render_s=render_s * pace) as town:
        town.slack.rates.enabled = False
        town.videos.faults.add("create", Delay(seconds=SUBMIT_S * pace), times=None)
        for method in SLOW_AT_SLACK:
            town.slack.faults.add(method, Delay(seconds=SLACK_S), times=None)
        town.settings |= {
            "SORA_DATABASE_URL": url,
            "SORA_SPOOL": str(folder / "spool"),
            "SORA_LOG_FORMAT": "json",
            "SORA_RUNNING_MAX": str(min(jobs, 100)),
            "SORA_QUEUED_MAX": "1000",
            "SORA_VIDEOS_IN_FLIGHT_MAX": str(jobs),
            "SORA_BEAT_S": str(BEAT_S * pace),
            "SORA_FENCE_AFTER_S": str(FENCE_AFTER_S * pace),
            "SORA_RECOVER_AFTER_S": str(max(RECOVER_AFTER_S, FENCE_AFTER_S * pace + BEAT_S)),
        }
        seats = [Seat(folder=folder / f"bot{number}", port=free_port()) for number in range(1, replicas + 1)]
        for seat in seats:
            seat.folder.mkdir()
            (seat.folder / "sora.toml").write_text(LIMITS)
        engine = open_engine(url, busy_timeout_ms=5000)
        try:
            yield Crowd(town=town, engine=engine, jobs=jobs, seats=seats)
        finally:
            engine.dispose()
