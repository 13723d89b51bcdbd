"""Several bot processes on one Postgres, each to be killed, stopped and woken; judged by the services that stay."""

import asyncio
import inspect
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import databases
import psycopg
import sqlalchemy as sa
from e2e.town import MODELS, SECRET, a_film
from faults.forked import ForkedBot
from faults.kill_town import WITHIN_S, Books
from sqlalchemy.orm import Session

from bot.clock import SystemClock
from bot.demo.slack import LocalSlack, Message
from bot.demo.videos.service import LocalVideos
from bot.slack.manifest import manifest
from bot.store import ledger
from bot.store.engine import open_engine

BEAT_S, FENCE_AFTER_S, RECOVER_AFTER_S = 0.25, 2.5, 3.2
"""With room for a machine that has other things to do: who cannot beat for a second and a half ends."""
ORDER_USD_MICROS = 400_000
"""One order: 4 s of the local service's fast model."""
PEOPLE = ("ada", "ben")
STORIES_OF = "SELECT workflow_uuid FROM dbos.workflow_status WHERE status = 'PENDING' AND executor_id = %s"
TELLER = (
    "SELECT executor_id FROM dbos.workflow_status JOIN job ON job.id = workflow_uuid"
    " WHERE status = 'PENDING' AND number = %s"
)


@dataclass(frozen=True, kw_only=True)
class Replica:
    """One bot process."""

    process: ForkedBot
    port: int
    log: Path

    @property
    def name(self) -> str:
        """As the database and the other replicas know it."""
        return str(self.said("know this one as")[0]["event"]).split()[-1]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """As a laptop that is shut, or a machine that is moved: it notices nothing of it."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    async def end(self) -> float:
        """SIGTERM; how long it took until it was gone, in seconds."""
        began = time.monotonic()
        os.kill(self.process.pid, signal.SIGTERM)
        await self.process.gone(WITHIN_S)
        return time.monotonic() - began

    async def code(self, within_s: float = WITHIN_S) -> int | None:
        """With which exit code it ended; a signal is negative."""
        await self.process.gone(within_s)
        return self.process.code

    def said(self, event: str) -> list[dict[str, Any]]:
        """Lines of its log whose event contains these words."""
        lines = [json.loads(line) for line in self.log.read_text(errors="replace").splitlines() if line[:1] == "{"]
        return [each for each in lines if event in str(each.get("event", ""))]

    async def readiness(self) -> tuple[int, dict[str, str]]:
        """The status of /readyz and its problems; 0: nobody answers."""
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=4)) as http:
                async with http.get(f"{self.origin}/readyz") as answer:
                    return answer.status, (await answer.json())["problems"]
        except (aiohttp.ClientError, TimeoutError):
            return 0, {}


@dataclass(kw_only=True)
class ReplicaTown:
    slack: LocalSlack
    videos: LocalVideos
    database_url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    """Of every replica."""
    ordered: int = 0

    @asynccontextmanager
    async def replica(self, nick: str, **more: str) -> AsyncIterator[Replica]:
        """A process until the block ends, ready when it begins. `more` are settings of its own."""
        port = free_port()
        told = self._told(port) | self.settings | more
        async with ForkedBot.running(told, clock=SystemClock(), folder=self.folder / nick) as process:
            replica = Replica(process=process, port=port, log=self.folder / nick / "bot.log")
            async with asyncio.TaskGroup() as starting:
                death = starting.create_task(process.died())
                await until(replica.readiness, lambda told: told[0] == 200)
                death.cancel()
            try:
                yield replica
            finally:
                if process.code is None:
                    replica.wake()

    @asynccontextmanager
    async def replicas(self, *nicks: str, **more: str) -> AsyncIterator[list[Replica]]:
        """Started and ended together."""
        async with AsyncExitStack() as owned:
            starting = [owned.enter_async_context(self.replica(nick, **more)) for nick in nicks]
            yield list(await asyncio.gather(*starting))

    async def order(self, count: int = 1) -> None:
        """So many commands, each by the next person."""
        for _ in range(count):
            number, self.ordered = self.ordered, self.ordered + 1
            person = PEOPLE[number % len(PEOPLE)]
            answered = await self.slack.command(person, "videos", "/sora", f"wave number {number} --4s")
            assert answered.acked, answered.error

    async def settled(self, within_s: float = WITHIN_S) -> None:
        """Everything ordered is delivered, and every card says so."""
        await until(self.states, lambda states: set(states) == {"delivered"}, within_s=within_s)
        await until(lambda: self.finished_cards() >= self.ordered, within_s=within_s)

    def wrong(self) -> list[str]:
        """What was lost or done twice, by the services' own account against our books. Empty is well."""
        books, cards = self.books(), self.cards()
        checks = {
            f"{self.ordered} orders, on the books {len(books.states)}": len(books.states) == self.ordered,
            f"states: {sorted(set(books.states))}": set(books.states) == {"delivered"},
            f"{len(self.videos.accepted)} renders for {self.ordered} orders": len(self.videos.accepted) == self.ordered,
            f"{self.films()} files for {self.ordered} orders": self.films() == self.ordered,
            f"{len(cards)} cards for {self.ordered} orders": len(cards) == self.ordered,
            f"cards: {[each.text for each in cards]}": all("Done" in each.text for each in cards),
            f"paid: {books.paid_usd_micros}": books.paid_usd_micros == self.ordered * ORDER_USD_MICROS,
            "balances are not what the ledger adds up to": books.exact,
        }
        return [words for words, holds in checks.items() if not holds]

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
        engine = open_engine(self.database_url, busy_timeout_ms=5000)
        with Session(engine) as session:
            jobs = session.execute(sa.text("SELECT state, paid_usd_micros FROM job ORDER BY number")).all()
            exact = ledger.recompute(session, self.slack.team_id) == ()
        engine.dispose()
        return Books(
            states=[str(state) for state, _ in jobs], paid_usd_micros=sum(int(paid) for _, paid in jobs), exact=exact
        )

    def states(self) -> list[str]:
        return [str(state) for (state,) in self.rows("SELECT state FROM job ORDER BY number")]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def stories_of(self, replica: Replica) -> list[str]:
        """The stories that are its own at the moment."""
        return [str(story) for (story,) in self.rows(STORIES_OF, replica.name)]

    def submitting(self) -> bool:
        """A submit is on its way: a process that dies now leaves a doubt, which may take a minute and a half."""
        return bool(self.rows("SELECT 1 FROM attempt WHERE state = 'intent' LIMIT 1"))

    def busier_first(self, *replicas: Replica) -> list[Replica]:
        """Whoever looks first takes all that waits, so one of them may have nothing to do."""
        return sorted(replicas, key=lambda each: -len(self.stories_of(each)))

    def later(self, *, minutes: int) -> None:
        """As if so long had passed since the intents: their times are set back, and everybody looks at the rows."""
        back = f"interval '{minutes} minutes'"
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(f"UPDATE attempt SET intent_at = intent_at - {back}, deadline_at = deadline_at - {back}")
            connection.execute(
                "INSERT INTO ring (rung_at, job_id, upstream, render_id)"
                " SELECT timezone('utc', clock_timestamp()), id, '', '' FROM job"
            )
            connection.execute("NOTIFY sora_ring")

    def card_lease_runs_out(self) -> None:
        """As if the TTL of a dead writer were over: 45 s that no test need wait."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("UPDATE card_lease SET expires_at = timezone('utc', clock_timestamp())")

    def final_repeats_are_due(self) -> None:
        """As if a TTL had passed since the hand-over of the card lease."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            due = connection.execute(
                "UPDATE card SET final_repeat_at = timezone('utc', clock_timestamp()) WHERE final_repeat_at IS NOT NULL"
            )
            assert due.rowcount, "nobody means to say an end once more"

    async def teller(self, replicas: list[Replica], number: int) -> Replica:
        """Which of them runs the story of this video."""
        names = {each.name: each for each in replicas}

        told = await until(lambda: self.rows(TELLER, number))
        return names[str(told[0][0])]

    def _told(self, port: int) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "SORA_VIDEOS_URL": self.videos.base_url,
            "SORA_VIDEOS_KEY": self.videos.key,
            "SORA_VIDEOS_MODELS": MODELS,
            "SORA_VIDEOS_VARIANT": self.videos.variant,
            "SORA_VIDEOS_WEBHOOK_SECRET": SECRET,
            "SORA_DATABASE_URL": self.database_url,
            "SORA_SPOOL": str(self.folder / "spool"),
            "SORA_HOST": "127.0.0.1",
            "SORA_LOG_FORMAT": "json",
            "SORA_BEAT_S": str(BEAT_S),
            "SORA_FENCE_AFTER_S": str(FENCE_AFTER_S),
            "SORA_RECOVER_AFTER_S": str(RECOVER_AFTER_S),
            "PORT": str(port),
        }


@asynccontextmanager
async def a_replica_town(
    folder: Path, *, render_s: float = 0.5, variant: str = "openai", poll_after_ms: int = 100
) -> AsyncIterator[ReplicaTown]:
    """The services and an empty Postgres; no bot yet."""
    async with (
        LocalSlack.running(manifest=manifest(), directory=folder / "slack") as slack,
        LocalVideos.running(
            clock=SystemClock(),
            directory=folder / "films",
            film=a_film(folder),
            render_s=render_s,
            variant=variant,
            poll_after_ms=poll_after_ms,
            webhook_secret=SECRET,
        ) as videos,
    ):
        slack.rates.enabled = False
        url = databases.url_for(folder / "sora.sqlite", databases.Kind.POSTGRES)
        yield ReplicaTown(slack=slack, videos=videos, database_url=url, folder=folder)


async def until(ask: Callable[[], Any], holds: Callable[[Any], object] = bool, *, within_s: float = WITHIN_S) -> Any:
    """Ask until the answer holds; the answer. `ask` may be a coroutine function."""
    async with asyncio.timeout(within_s):
        while True:
            answer = ask()
            if inspect.isawaitable(answer):
                answer = await answer
            if holds(answer):
                return answer
            await asyncio.sleep(0.03)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
