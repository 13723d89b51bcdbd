"""Killed with a thousand renders in flight and started again: how long until every one of them is watched.

    python -m tests.bench restart
    python tests/bench/restart.py --count 100     # smaller

The bot is killed with SIGKILL while it watches them all and started again on what it left, several times; the clock
runs from the process's start to the moment when its own page of numbers says that it waits for every render. Baseline
is the durable engine alone, which recovers as many workflows that wait in a step, on the same queue and settings.
Beside the time stands what the process itself computed until then, which a busy machine changes less. Then the renders
end, and everything is counted from outside: what the service was asked for, the films in Slack, the ledger.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import aiohttp
import psutil
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from bot.demo.slack import LocalSlack
from bot.demo.videos import LocalVideos
from bot.store import ledger
from bot.store.engine import open_engine
from bot.store.tables.quota import LedgerEntryRow
from tests.bench.acks import AT_ONCE, films_shown, letter, opened_client, order, sent, world
from tests.bench.driven import a_child
from tests.bench.figures import Row, table
from tests.bench.flight_rows import end_some
from tests.bench.processes import Served, the_bot

COUNT = 1000
TIMES = 3
GOAL = 2.0
METRICS_TOKEN = "bench-metrics-token-0001"
LOOK_S = 0.25
"""Each look costs the bot a page of numbers."""
WATCHED_WITHIN_S, DELIVERED_WITHIN_S = 300.0, 300.0
FOREVER_S = 86_400.0
ORDER_USD_MICROS = 400_000
"""Four seconds at the price of `processes.MODELS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarted:
    took_s: float
    computed_s: float


async def restart_row(folder: Path, count: int = COUNT) -> Row:
    engine = await engine_restarted(folder / "engine", count)
    ours, wrong = await bot_restarted(folder, count)
    ratio = median(each.took_s for each in ours) / median(each.took_s for each in engine)
    return Row(
        what=f"restart after kill -9 with {count:,} jobs in flight, until all are watched, median of {TIMES}",
        baseline=_words(engine),
        ours=f"{_words(ours)}; {', '.join(wrong) or 'no second POST, ledger exact'}",
        ratio=f"{ratio:.2f} x",
        goal=f"at most {GOAL:g} x; no second POST, ledger exact",
        met=ratio <= GOAL and not wrong,
    )


async def engine_restarted(folder: Path, count: int) -> list[Restarted]:
    """A child of the benchmark is killed whenever its block ends."""
    folder.mkdir()
    async with a_child("engine", folder, count) as child:
        await child.do("park")
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        async with a_child("engine", folder, count) as child:
            await child.do("resume")
            found.append(Restarted(took_s=time.perf_counter() - began, computed_s=child.cpu_s()))
    return found


async def bot_restarted(folder: Path, count: int) -> tuple[list[Restarted], list[str]]:
    bounds = {
        "SORA_VIDEOS_IN_FLIGHT_MAX": str(2 * count),
        "SORA_VIDEOS_SUBMITS_PER_MINUTE": "100000",
        "SORA_METRICS_TOKEN": METRICS_TOKEN,
    }
    found = []
    async with world(folder, render_s=FOREVER_S) as (slack, videos), opened_client() as http:
        async with the_bot(folder / "bot", slack, videos, **bounds) as first:
            await _ordered(http, slack, first, count)
            await _all_watched(http, first, count)
            os.kill(first.pid, signal.SIGKILL)
        for number in range(TIMES):
            began = time.perf_counter()
            async with the_bot(folder / "bot", slack, videos, **bounds) as served:
                await _all_watched(http, served, count)
                cpu = psutil.Process(served.pid).cpu_times()
                found.append(Restarted(took_s=time.perf_counter() - began, computed_s=cpu.user + cpu.system))
                if number < TIMES - 1:
                    os.kill(served.pid, signal.SIGKILL)
                    continue
                await end_some(videos, folder / "film.mp4", count)
                await _delivered(slack, count)
        return found, list(_wrong(folder / "bot", slack, videos, count))


async def _ordered(http: aiohttp.ClientSession, slack: LocalSlack, served: Served, count: int) -> None:
    """Each by a person of their own, twenty at a time."""
    for begun in range(0, count, AT_ONCE):
        people = range(begun, min(begun + AT_ONCE, count))
        letters = [letter(slack, person, order) for person in people]
        await asyncio.gather(*(sent(http, served.events_url, *each) for each in letters))


async def _all_watched(http: aiohttp.ClientSession, served: Served, count: int) -> None:
    async with asyncio.timeout(WATCHED_WITHIN_S):
        while await _watched(http, served) < count:
            await asyncio.sleep(LOOK_S)


async def _watched(http: aiohttp.ClientSession, served: Served) -> float:
    url, headers = f"http://127.0.0.1:{served.port}/metrics", {"Authorization": f"Bearer {METRICS_TOKEN}"}
    async with http.get(url, headers=headers) as answer:
        page = await answer.text()
    families = text_string_to_metric_families(page)
    return next(each.samples[0].value for each in families if each.name == "sora_renders_watched")


async def _delivered(slack: LocalSlack, count: int) -> None:
    async with asyncio.timeout(DELIVERED_WITHIN_S):
        while films_shown(slack) < count:
            await asyncio.sleep(1)


def _wrong(folder: Path, slack: LocalSlack, videos: LocalVideos, count: int) -> Iterator[str]:
    """The bot has stopped; what stands in its books against what the service and Slack really have."""
    asked = len(videos.accepted)
    if not asked == len({each.asked.prompt for each in videos.accepted}) == count:
        yield f"{asked} POSTs for {count} orders"
    if (shown := films_shown(slack)) != count:
        yield f"{shown} films for {count} orders"
    engine = open_engine(f"sqlite:///{folder}/sora.sqlite", busy_timeout_ms=5_000)
    try:
        with Session(engine) as session:
            entries = session.scalars(sa.select(LedgerEntryRow)).all()
            unbalanced = ledger.recompute(session, slack.team_id)
    finally:
        engine.dispose()
    captured = [each.usd_micros for each in entries if each.kind == "capture"]
    if captured != [ORDER_USD_MICROS] * count:
        yield f"{len(captured)} captures of {sum(captured)} micro-dollars"
    if {each.entry_key for each in entries if each.kind == "hold"} != {each.closes for each in entries if each.closes}:
        yield "holds that never ended"
    if unbalanced:
        yield f"balances are not what the ledger adds up to: {unbalanced}"


def _words(found: list[Restarted]) -> str:
    took, computed = [each.took_s for each in found], median(each.computed_s for each in found)
    return f"{median(took):.2f} s ({min(took):.2f}-{max(took):.2f}), {computed:.1f} s of a processor"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="sora-restart-") as folder:
        print(table([asyncio.run(restart_row(Path(folder), count))]))


if __name__ == "__main__":
    main()
