"""Half an hour at five orders a second: what grows, what is left behind, what an order costs.

    python -m tests.bench.soak [--minutes 30] [--per-second 5]

The bot is one process on SQLite in HTTP mode, unmodified; the local Slack and the local service run beside it in this
one, without rate limits. Orders come evenly, each by the next of a thousand people. Every ten seconds the bot's memory,
files and threads are read from /proc. In the end every video must be in its thread, and the process must be back to
what it held before: files, threads and connections are counted once it has been idle.
"""

import argparse
import asyncio
import logging
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import aiohttp
import psutil

from bot.demo.slack import LocalSlack
from bot.demo.videos import LocalVideos
from tests.bench.acks import films_shown, letter, opened_client, order, sent, world
from tests.bench.figures import p99
from tests.bench.processes import Served, the_bot

PEOPLE = 1000
SAMPLE_EVERY_S = 10.0
FORGET_EVERY_S = 60.0
DRAINED_WITHIN_S = 300.0
IDLE_S = 30.0
WARM_UP = 60
WARM_SHARE = 0.2
"""The first part of the run fills caches and pools; growth is told from what comes after it."""
GROWTH_MAX_MB = 24.0
"""Between the first and the last third of what comes after: less than one video more or less in somebody's buffers."""

SPARE_FILES = 4
SPARE_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    at_s: float
    rss_mb: float
    files: int
    threads: int
    cpu_s: float


class Soak:
    def __init__(self, slack: LocalSlack, videos: LocalVideos, served: Served, http: aiohttp.ClientSession) -> None:
        self.slack = slack
        self.videos = videos
        self.served = served
        self.http = http
        self.process = psutil.Process(served.pid)
        self.began = time.perf_counter()
        self.asked = 0
        self.acks: list[float] = []
        self.samples: list[Sample] = []

    async def run(self, *, minutes: float, per_second: float) -> None:
        """Pools fill first: what is held by an idle process is told from a second idleness, not from its start."""
        await self.rested(WARM_UP)
        before, self.acks = self.samples[-1], []
        self.samples = [before]
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(each) for each in (self.watch(), self.forget())]
            count = round(minutes * 60 * per_second)
            began = time.perf_counter()
            for number in range(count):
                await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
                tasks.create_task(self.one())
            for each in watching:
                each.cancel()
        await self.rested(0)

    async def rested(self, orders: int) -> None:
        """After so many orders at once: everything delivered, and idle for a while."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(orders):
                tasks.create_task(self.one())
        async with asyncio.timeout(DRAINED_WITHIN_S):
            while films_shown(self.slack) < self.asked:
                await asyncio.sleep(1)
        await asyncio.sleep(IDLE_S)
        await self.sample()

    async def one(self) -> None:
        self.asked += 1
        number = self.asked
        asked = letter(self.slack, number % PEOPLE, lambda _: order(number))
        self.acks.append(await sent(self.http, self.served.events_url, *asked))

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            await self.sample()
            last = self.samples[-1]
            print(
                f"{last.at_s:6.0f} s  {len(self.acks):6d} orders  {films_shown(self.slack):6d} in their threads"
                f"  {last.rss_mb:6.1f} MB  {last.files:4d} files  {last.threads:3d} threads",
                file=sys.stderr,
                flush=True,
            )

    async def forget(self) -> None:
        """The local Slack notes every call for its tests; nobody reads these notes here."""
        while True:
            await asyncio.sleep(FORGET_EVERY_S)
            self.slack.calls.made.clear()

    async def sample(self) -> None:
        with self.process.oneshot():
            cpu = self.process.cpu_times()
            self.samples.append(
                Sample(
                    at_s=time.perf_counter() - self.began,
                    rss_mb=self.process.memory_info().rss / 2**20,
                    files=self.process.num_fds(),
                    threads=self.process.num_threads(),
                    cpu_s=cpu.user + cpu.system,
                )
            )


def engine_cpu_ms(folder: Path) -> float:
    """Processor time of a workflow with as many recorded steps as a job's story has, by the engine alone."""
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("engine_alone.py")), str(folder / "engine.sqlite")],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(run.stdout.split()[-1])


def told(soak: Soak, *, engine_ms: float) -> list[tuple[str, str, bool]]:
    """What, figure, whether it is as it must be."""
    first, last = soak.samples[0], soak.samples[-1]
    running = soak.samples[1:-1]
    warm = [each for each in running if each.at_s >= WARM_SHARE * running[-1].at_s]
    third = max(1, len(warm) // 3)
    early, late = (mean(each.rss_mb for each in part) for part in (warm[:third], warm[-third:]))
    orders = len(soak.acks)
    cpu_ms = (last.cpu_s - first.cpu_s) / orders * 1000
    accepted = len(soak.videos.accepted)
    return [
        ("orders, renders, films in their threads", f"{soak.asked}, {accepted}, {films_shown(soak.slack)}",
         soak.asked == accepted == films_shown(soak.slack)),
        ("ack p50, p99", f"{median(soak.acks) * 1000:.0f} ms, {p99(soak.acks) * 1000:.0f} ms", p99(soak.acks) < 2),
        ("memory, first third after warming up to last third", f"{early:.1f} MB to {late:.1f} MB",
         late - early <= GROWTH_MAX_MB),
        ("files open, before and idle after", f"{first.files}, {last.files}", last.files <= first.files + SPARE_FILES),
        ("threads, before and idle after", f"{first.threads}, {last.threads}",
         last.threads <= first.threads + SPARE_THREADS),
        ("processor time per order, ours and the engine's own", f"{cpu_ms:.0f} ms, {engine_ms:.0f} ms", True),
    ]  # fmt: skip


async def soaked(folder: Path, *, minutes: float, per_second: float) -> list[tuple[str, str, bool]]:
    bounds = {"SORA_VIDEOS_IN_FLIGHT_MAX": "1000", "SORA_VIDEOS_SUBMITS_PER_MINUTE": "100000"}
    engine_ms = await asyncio.to_thread(engine_cpu_ms, folder)
    async with (
        world(folder) as (slack, videos),
        the_bot(folder / "bot", slack, videos, **bounds) as served,
        opened_client() as http,
    ):
        soak = Soak(slack, videos, served, http)
        await soak.run(minutes=minutes, per_second=per_second)
        return told(soak, engine_ms=engine_ms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--per-second", type=float, default=5)
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="sora-soak-") as folder:
        rows = asyncio.run(soaked(Path(folder), minutes=given.minutes, per_second=given.per_second))
    for what, figure, good in rows:
        print(f"{'ok ' if good else 'BAD'}  {what}: {figure}")
    sys.exit(0 if all(good for _, _, good in rows) else 1)


if __name__ == "__main__":
    main()
