"""Five thousand renders in flight in one process: what they hold, and what they cost.

    python -m tests.bench flight
    python tests/bench/flight.py --count 300     # smaller

In the figure: orders accepted, engine, store, router, adapter over HTTP, webhook door, watcher, download and spool, as
`bot.wiring` puts them together, in a process of its own; the local video service runs in this one. Not in it: Slack. A
local Slack with five thousand cards would measure the card writer. The service's webhooks have always come (200 earlier
ends say so), a render takes about ten minutes, and while it lasts two hundred end, twenty a second. Baseline is the
durable engine alone, with as many workflows that wait for an event in a step, on the same queue and settings.

Then the same process is started again on the same rows with webhooks that nobody trusts and ages spread over ten
minutes, and polls them all.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.clock import SystemClock
from bot.demo.videos import LocalVideos
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.store.engine import opened_store
from tests.bench.driven import a_child
from tests.bench.figures import Row, p99, table
from tests.bench.flight_child import SERVICE
from tests.bench.flight_rows import WAKE_EVERY_S, end_some, noticed, trusted, untrusted
from tests.bench.processes import SECRET, free_port

COUNT = 5000
WAKES = 200
IDLE_S = 5.0
LAG_S = 11.0
RSS_GOAL_MB, CPU_GOAL, LAG_GOAL_MS, NOTICED_GOAL_S = 250.0, 2.0, 20.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """`busy_`: while renders end, or while all are polled."""

    rss_mb: float
    cpu_percent: float
    busy_cpu_percent: float
    lag_p99_ms: float
    lag_max_ms: float
    woken_s: tuple[float, ...] = ()
    polls: int = 0
    early_polls: int = 0
    """Before the first render ended."""
    window_polls_per_s: float = 0.0
    parked_s: float = 0.0


async def engine_alone(folder: Path, count: int) -> Flown:
    async with a_child("engine", folder, count) as child:
        began = time.perf_counter()
        await child.do("park")
        parked_s = time.perf_counter() - began
        await asyncio.sleep(3)
        cpu, rss = await child.cpu_percent(IDLE_S), child.rss_mb
        lag = await child.do("wake", count=_wakes(count), every_s=WAKE_EVERY_S, seconds=LAG_S)
        return Flown(
            rss_mb=rss, cpu_percent=cpu, busy_cpu_percent=0.0, lag_p99_ms=lag["p99_ms"], lag_max_ms=lag["max_ms"],
            parked_s=parked_s,
        )  # fmt: skip


async def woken_by_webhooks(folder: Path, count: int, videos: LocalVideos, film: Path) -> Flown:
    url = f"sqlite:///{folder}/sora.sqlite"
    async with opened_store(url) as store:
        await store.write(trusted)
    async with a_child("bot", folder, count, *_reached(videos)) as child:
        began = time.perf_counter()
        await child.do("park")
        parked_s = time.perf_counter() - began
        await asyncio.sleep(3)
        polls = _polls(videos)
        cpu, rss = await child.cpu_percent(IDLE_S), child.rss_mb
        early = _polls(videos)
        idle_polls = early - polls
        before, began = child.cpu_s(), time.perf_counter()
        lag, told = await asyncio.gather(child.do("lag", seconds=LAG_S), end_some(videos, film, _wakes(count)))
        busy = (child.cpu_s() - before) / (time.perf_counter() - began) * 100
        await asyncio.sleep(5)
        polls = _polls(videos)
    async with opened_store(url) as store:
        noticed_s = await noticed(store, told)
    return Flown(
        rss_mb=rss, cpu_percent=cpu, busy_cpu_percent=busy, lag_p99_ms=lag["p99_ms"], lag_max_ms=lag["max_ms"],
        woken_s=noticed_s, polls=polls, early_polls=early, window_polls_per_s=idle_polls / IDLE_S, parked_s=parked_s,
    )  # fmt: skip


async def polled(folder: Path, count: int, videos: LocalVideos) -> Flown:
    async with opened_store(f"sqlite:///{folder}/sora.sqlite") as store:
        await store.write(untrusted)
    async with a_child("bot", folder, count - _wakes(count), *_reached(videos)) as child:
        began = time.perf_counter()
        await child.do("park")
        parked_s = time.perf_counter() - began
        await asyncio.sleep(5)
        before = _polls(videos)
        cpu = await child.cpu_percent(IDLE_S)
        polls = _polls(videos) - before
        lag = await child.do("lag", seconds=LAG_S)
        return Flown(
            rss_mb=child.rss_mb, cpu_percent=0.0, busy_cpu_percent=cpu, lag_p99_ms=lag["p99_ms"],
            lag_max_ms=lag["max_ms"], window_polls_per_s=polls / IDLE_S, parked_s=parked_s,
        )  # fmt: skip


async def flown(folder: Path, count: int) -> tuple[Flown, Flown, Flown]:
    for name in ("engine", "bot"):
        (folder / name).mkdir()
    film = folder / "film.mp4"
    await asyncio.to_thread(
        render_animatic,
        AnimaticRequest(prompt="waves", length_s=4, size_px=(320, 180), audio=True, label="bench"),
        film,
    )
    engine = await engine_alone(folder / "engine", count)
    async with LocalVideos.running(
        clock=SystemClock(), directory=folder / "films", film=film, render_s=86_400.0, webhook_secret=SECRET
    ) as videos:
        port = free_port()
        videos.webhooks.url = f"http://127.0.0.1:{port}/webhooks/{SERVICE}"
        told = await woken_by_webhooks(folder / "bot", count, videos, film)
        return engine, told, await polled(folder / "bot", count, videos)


async def flight_row(folder: Path, count: int = COUNT) -> Row:
    engine, told, every = found = await flown(folder, count)
    for each in found:
        print(replace(each, woken_s=()), file=sys.stderr)
    ratio = told.cpu_percent / engine.cpu_percent
    lag_ms, noticed_s, ends = told.lag_p99_ms, p99(told.woken_s), len(told.woken_s)
    small = told.rss_mb <= RSS_GOAL_MB and ratio <= CPU_GOAL and lag_ms < LAG_GOAL_MS
    soon = noticed_s < NOTICED_GOAL_S and told.polls <= 1.05 * ends
    return Row(
        what=f"{count:,} renders in flight, woken by webhooks, one process",
        baseline=f"{engine.rss_mb:.0f} MB, {engine.cpu_percent:.1f} % CPU, lag p99 {engine.lag_p99_ms:.1f} ms",
        ours=(
            f"{told.rss_mb:.0f} MB, {told.cpu_percent:.1f} % CPU, lag p99 {lag_ms:.1f} ms while {1 / WAKE_EVERY_S:.0f}"
            f" a second end; {told.polls} polls for {ends} ends, noticed {median(told.woken_s) * 1000:.0f} ms after"
            f" webhook (p99 {noticed_s * 1000:.0f} ms). Polling all: {every.window_polls_per_s:.0f} polls/s,"
            f" {every.busy_cpu_percent:.0f} % CPU, lag p99 {every.lag_p99_ms:.1f} ms"
        ),
        ratio=f"{ratio:.2f} x CPU, {told.rss_mb / engine.rss_mb:.2f} x memory",
        goal=f"{RSS_GOAL_MB:.0f} MB, {CPU_GOAL:g} x CPU, lag p99 under {LAG_GOAL_MS:.0f} ms; 1 poll, under 1 s",
        met=small and soon,
    )


def _reached(videos: LocalVideos) -> tuple[str, ...]:
    port = (videos.webhooks.url or "").split(":")[2].partition("/")[0]
    return port, videos.base_url, videos.key, SECRET


def _wakes(count: int) -> int:
    return min(WAKES, count // 2)


def _polls(videos: LocalVideos) -> int:
    """The watcher's looks. Before each download the link is asked for afresh, which is none of them."""
    return sum(each.polls - each.downloads for each in videos.accepted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="sora-flight-") as folder:
        print(table([asyncio.run(flight_row(Path(folder), count))]))


if __name__ == "__main__":
    main()
