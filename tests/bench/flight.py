"""Five thousand renders in flight in one process: what they hold, and what they cost.

    python -m tests.bench flight
    python tests/bench/flight.py --count 500     # smaller, with every figure

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
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil
import sqlalchemy as sa
from sqlmodel import col

from bot.clock import SystemClock
from bot.demo.videos import LocalVideos
from bot.demo.videos.job import JobStatus
from bot.jobs.model import AttemptState, JobState
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.store.engine import Store, opened_store
from bot.store.tables.jobs import AttemptRow, JobRow, WebhookEventRow
from tests.bench.figures import Row, p99
from tests.bench.flight_child import MODEL, SERVICE
from tests.bench.processes import SECRET, free_port

COUNT = 5000
IDLE_S = 5.0
LAG_S = 11.0
WAKES = 200
WAKE_EVERY_S = 0.05
TAKES_S = 600.0
PARKED_WITHIN_S = 480.0
RSS_GOAL_MB, CPU_GOAL, LAG_GOAL_MS, NOTICED_GOAL_S = 250.0, 2.0, 20.0, 1.0
CHILD = Path(__file__).with_name("flight_child.py")


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
    window_polls_per_s: float = 0.0
    parked_s: float = 0.0


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen = psutil.Process(process.pid)

    async def do(self, what: str, **told: object) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **told}).encode() + b"\n")
        return await self.answer()

    async def answer(self) -> Any:
        assert self._process.stdout is not None
        async with asyncio.timeout(PARKED_WITHIN_S):
            line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process ended")
        return json.loads(line)

    def cpu_s(self) -> float:
        times = self.seen.cpu_times()
        return float(times.user + times.system)

    async def cpu_percent(self, seconds: float) -> float:
        before, began = self.cpu_s(), time.perf_counter()
        await asyncio.sleep(seconds)
        return (self.cpu_s() - before) / (time.perf_counter() - began) * 100

    @property
    def rss_mb(self) -> float:
        return float(self.seen.memory_info().rss) / 2**20


@asynccontextmanager
async def a_child(*arguments: object) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(CHILD), *map(str, arguments), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )  # fmt: skip
    child = Child(process)
    try:
        assert await child.answer() == "ready"
        yield child
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def engine_alone(folder: Path, count: int) -> Flown:
    async with a_child("engine", folder, count) as child:
        began = time.perf_counter()
        await child.do("park")
        parked_s = time.perf_counter() - began
        await asyncio.sleep(3)
        cpu, rss = await child.cpu_percent(IDLE_S), child.rss_mb
        woken = await child.do("wake", count=min(WAKES, count), every_s=WAKE_EVERY_S)
        lag = await child.do("lag", seconds=LAG_S)
        return Flown(
            rss_mb=rss, cpu_percent=cpu, busy_cpu_percent=0.0, lag_p99_ms=lag["p99_ms"], lag_max_ms=lag["max_ms"],
            woken_s=tuple(woken), parked_s=parked_s,
        )  # fmt: skip


async def woken_by_webhooks(folder: Path, count: int, videos: LocalVideos, film: Path) -> Flown:
    url = f"sqlite:///{folder}/sora.sqlite"
    async with opened_store(url) as store:
        await store.write(_trusted)
    async with a_child("bot", folder, count, *_reached(videos)) as child:
        began = time.perf_counter()
        await child.do("park")
        parked_s = time.perf_counter() - began
        await asyncio.sleep(3)
        polls = _polls(videos)
        cpu, rss = await child.cpu_percent(IDLE_S), child.rss_mb
        idle_polls = _polls(videos) - polls
        before, began = child.cpu_s(), time.perf_counter()
        lag, told = await asyncio.gather(child.do("lag", seconds=LAG_S), _end_some(videos, film))
        busy = (child.cpu_s() - before) / (time.perf_counter() - began) * 100
        await asyncio.sleep(5)
        polls = sum(each.polls for each in videos.accepted)
    async with opened_store(url) as store:
        noticed = await _noticed(store, told)
    return Flown(
        rss_mb=rss, cpu_percent=cpu, busy_cpu_percent=busy, lag_p99_ms=lag["p99_ms"], lag_max_ms=lag["max_ms"],
        woken_s=noticed, polls=polls, window_polls_per_s=idle_polls / IDLE_S, parked_s=parked_s,
    )  # fmt: skip


async def polled(folder: Path, count: int, videos: LocalVideos) -> Flown:
    async with opened_store(f"sqlite:///{folder}/sora.sqlite") as store:
        await store.write(_untrusted)
    async with a_child("bot", folder, count - min(WAKES, count // 2), *_reached(videos)) as child:
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
    engine, told, every = await flown(folder, count)
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


def _polls(videos: LocalVideos) -> int:
    return sum(each.polls for each in videos.accepted)


async def _end_some(videos: LocalVideos, film: Path) -> dict[str, float]:
    """Renders end, twenty a second, and the service tells so: when each webhook was sent."""
    told: dict[str, float] = {}
    open_jobs = [each for each in videos.jobs if not each.status.ended]
    chosen = random.Random(2).sample(open_jobs, min(WAKES, len(open_jobs) // 2))
    async with asyncio.TaskGroup() as tasks:
        for job in chosen:
            job.file, job.status, job.progress = film, JobStatus.COMPLETED, 100
            job.completed_at = SystemClock().now()
            job.expires_at = job.completed_at + timedelta(hours=1)
            told[job.id] = time.time()
            tasks.create_task(videos.webhooks.send(job.id))
            await asyncio.sleep(WAKE_EVERY_S)
    return told


async def _noticed(store: Store, told: dict[str, float]) -> tuple[float, ...]:
    wanted = sa.select(col(AttemptRow.render_id), col(AttemptRow.ended_at)).where(
        col(AttemptRow.state) == AttemptState.SUCCEEDED.value, col(AttemptRow.ended_at).is_not(None)
    )
    rows = await store.read(lambda session: {row[0]: row[1] for row in session.execute(wanted)})
    missing = [each for each in told if rows.get(each) is None]
    if missing:
        raise RuntimeError(f"{len(missing)} ends were not noticed")
    return tuple(rows[each].timestamp() - at for each, at in told.items())


def _trusted(session: Any) -> None:
    """Two hundred earlier renders of about ten minutes, each told of by a webhook."""
    now, rng = SystemClock().now(), random.Random(3)
    session.add(
        JobRow(
            id="earlier", team_id="T", number=10**6, order_key="earlier", user_id="U", slack_channel_id="C", prompt="-",
            prompt_hash="-", wanted={}, state=JobState.DELIVERED.value, state_since=now, created_at=now,
            held_usd_micros=0, catalogue_version="bench",
        )
    )  # fmt: skip
    session.flush()
    for number in range(200):
        begun = now - timedelta(hours=1, minutes=number)
        ended = begun + timedelta(seconds=TAKES_S * rng.lognormvariate(0, 0.2))
        name = f"earlier{number}"
        session.add(
            AttemptRow(
                id=name, job_id="earlier", team_id="T", number=number, upstream=SERVICE, model=MODEL,
                wire_name=MODEL, fingerprint="-", length_s=4, width_px=1280, height_px=720, usd_micros=0,
                state=AttemptState.SUCCEEDED.value, intent_at=begun, deadline_at=begun, webhook_token=name,
                render_id=name, submitted_at=begun, ended_at=ended,
            )
        )  # fmt: skip
        session.add(WebhookEventRow(upstream=SERVICE, event_id=name, render_id=name, came_at=ended))


def _untrusted(session: Any) -> None:
    """No webhook has ever come, and the renders in flight are of every age."""
    session.execute(sa.delete(WebhookEventRow))
    now, rng = SystemClock().now(), random.Random(4)
    rows = session.scalars(sa.select(AttemptRow).where(col(AttemptRow.state) == AttemptState.SUBMITTED.value))
    for row in rows:
        row.submitted_at = now - timedelta(seconds=rng.uniform(0, TAKES_S))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="sora-flight-") as folder:
        for each in (found := asyncio.run(flown(Path(folder), count))):
            print(each, file=sys.stderr)
    assert found


if __name__ == "__main__":
    main()
