"""SIGKILL at random moments with many jobs in flight, then the books against what the services saw.

    .venv/bin/python tests/faults/random_kills.py --seed 7 --jobs 50 --kills 1000
    .venv/bin/python tests/faults/random_kills.py --seed 7 --jobs 50 --kills 1000 --database postgres --replicas 2

With two replicas each kill takes a random one and the other goes on. Prints the figures and the seed; exit code 1 when
anything was lost, rendered twice, posted twice or booked wrongly, and then the bots' folders stay.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

import databases
from faults.crowd import Crowd, a_crowd
from faults.verdict import unlucky, wrong

PACE = {databases.Kind.SQLITE: 10.0, databases.Kind.POSTGRES: 6.0}
"""A lost submit is proven lost after 90 s, a dead card writer's lease is over after 45 s, by the bots' clocks. Replicas
learn by the database's real clock who is dead, which may not be sooner than that one would have fenced itself."""
BETWEEN_S = (0.05, 2.6)
"""Between two kills: from the middle of a start to a while of work."""
FILLING_S = 15.0
"""Bots that are left alone may deliver as fast as people order: then there are never quite as many as wanted."""
QUIET_S = 10.0
"""After all is well nothing may follow: longer than any lease."""
LOOKED_EVERY_S = 3.0
"""Going through thousands of videos takes a second, in which the local Slack answers nobody."""
TOLD_EVERY = 50


@dataclass(frozen=True, kw_only=True)
class Plan:
    seed: int
    jobs: int
    kills: int
    database: databases.Kind = databases.Kind.SQLITE
    replicas: int = 1
    render_s: float = 6.0
    """In real time, so that a render outlives several bots."""
    settled_within_s: float = 240.0
    """Since anything last became right. What is still wrong then stays wrong. Cards may take a while: bots that die all
    the time hardly ever hold the writer's lease, and afterwards edits go out no faster than Slack takes them."""
    quiet_s: float = QUIET_S

    def __post_init__(self) -> None:
        if self.replicas > 1 and self.database is databases.Kind.SQLITE:
            raise ValueError("several replicas need Postgres")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    wrong: list[str]
    figures: str


async def play(folder: Path, plan: Plan) -> Outcome:
    """Order and kill, let it settle, judge."""
    began = time.monotonic()
    async with (
        a_crowd(
            folder,
            jobs=plan.jobs,
            kind=plan.database,
            replicas=plan.replicas,
            pace=PACE[plan.database],
            render_s=plan.render_s,
        ) as crowd,
        AsyncExitStack() as lives,
    ):
        for seat in crowd.seats:
            await lives.enter_async_context(_meanwhile(crowd.keep_alive(seat)))
        async with _meanwhile(crowd.keep_ordering()):
            await _kill(crowd, plan)
        killed_s = time.monotonic() - began
        complaints = await _settled(crowd, plan)
        return Outcome(wrong=complaints, figures=_figures(crowd, killed_s, time.monotonic() - began))


async def _kill(crowd: Crowd, plan: Plan) -> None:
    chance = random.Random(plan.seed)
    await crowd.town.slack.sockets.connected(within_s=plan.settled_within_s)
    full_by = time.monotonic() + FILLING_S
    while crowd.under_way().total() < plan.jobs and time.monotonic() < full_by:
        await asyncio.sleep(0.1)
    for number in range(1, plan.kills + 1):
        await asyncio.sleep(chance.uniform(*BETWEEN_S))
        await crowd.kill_one(chance)
        if number % TOLD_EVERY == 0:
            print(f"{number} kills, {crowd.ordered} orders, {crowd.in_flight[-1]} jobs in flight", flush=True)


async def _settled(crowd: Crowd, plan: Plan) -> list[str]:
    """What is wrong in the end: once all is well, nothing may follow."""
    least, until = len(wrong(crowd)), time.monotonic() + plan.settled_within_s
    while (left := len(wrong(crowd))) and time.monotonic() < until:
        if left < least:
            least, until = left, time.monotonic() + plan.settled_within_s
            print(f"{left} not right yet", flush=True)
        await asyncio.sleep(LOOKED_EVERY_S)
    await asyncio.sleep(plan.quiet_s)
    return wrong(crowd)


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Until the block ends. Should `work` break, so does the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()


def _figures(crowd: Crowd, killed_s: float, all_s: float) -> str:
    flight, town = crowd.in_flight, crowd.town
    return (
        f"{len(flight)} kills in {killed_s:.0f} s ({all_s:.0f} s in all), {min(flight)} to {max(flight)} jobs in flight"
        f" (median {median(flight):.0f}), met {_counted(crowd.met)};"
        f" {crowd.ordered} orders, {len(crowd.promised)} promised, {len(crowd.refused)} refused;"
        f" {len(town.videos.accepted)} renders, {town.films()} films, {len(town.cards())} cards,"
        f" {unlucky(crowd)} of them lost twice; bots that ended by themselves, by exit code: {_counted(crowd.ended)}"
    )


def _counted(counts: dict[Any, int]) -> str:
    return ", ".join(f"{what} {count}" for what, count in sorted(counts.items(), key=str)) or "none"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--database", type=databases.Kind, default=databases.Kind.SQLITE)
    parser.add_argument("--replicas", type=int, default=1)
    plan = Plan(**vars(parser.parse_args()))
    print(plan, flush=True)
    folder = Path(tempfile.mkdtemp(prefix="sora-kills-"))
    try:
        outcome = asyncio.run(play(folder, plan))
    finally:
        databases.stop()
    print(outcome.figures)
    if outcome.wrong:
        print(f"seed {plan.seed}; see {folder}", *outcome.wrong, sep="\n- ")
        return 1
    shutil.rmtree(folder)
    print("nothing lost, nothing twice, ledger exact, every card right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
