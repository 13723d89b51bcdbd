"""The durable engine alone, with our settings, and workflows that wait: the baseline of renders in flight."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSPortableJSONSerializer, SetEnqueueOptions

from bot.jobs import workflow
from bot.store.engine import open_engine
from tests.bench.figures import p99

PEOPLE = 1000
TICK_S = 0.005
LOOK_S = 0.05

Command = Callable[[dict[str, Any]], Awaitable[object]]


async def lag(told: dict[str, Any]) -> dict[str, float]:
    """How late the loop comes to a task that wants to run every 5 ms."""
    loop, late, until = asyncio.get_running_loop(), [], time.monotonic() + told["seconds"]
    while time.monotonic() < until:
        wanted = loop.time() + TICK_S
        await asyncio.sleep(TICK_S)
        late.append(loop.time() - wanted)
    return {"p99_ms": p99(late) * 1000, "max_ms": max(late) * 1000}


def engine_of(folder: Path) -> workflow.EngineSettings:
    url = f"sqlite:///{folder}/sora.sqlite"
    return workflow.EngineSettings(
        url=url,
        engine=open_engine(url, busy_timeout_ms=30_000, isolation_level="IMMEDIATE"),
        executor_id="local",
        running_max=100,
    )


@asynccontextmanager
async def the_engine(folder: Path, count: int) -> AsyncIterator[Command]:
    """DBOS alone with our settings: a recorded step, then one that waits on an event."""
    settings = engine_of(folder)
    DBOS(
        config={
            "name": "parked", "system_database_url": settings.url, "system_database_engine": settings.engine,
            "application_version": "1", "executor_id": "local", "max_executor_threads": 4, "sys_db_pool_size": 8,
            "log_level": "ERROR", "serializer": DBOSPortableJSONSerializer(),
            "scheduler_polling_interval_sec": 60.0, "notification_listener_polling_interval_sec": 0.1,
        }
    )  # fmt: skip
    DBOS.launch()
    await DBOS.register_queue_async(
        "jobs", partition_concurrency=100, polling_interval_sec=settings.poll_s, on_conflict="always_update"
    )

    async def park(told: object) -> int:
        for number in range(count):
            with SetEnqueueOptions(queue_partition_key=f"T:U{number % PEOPLE}"):
                await DBOS.enqueue_workflow_async("jobs", parked_story, str(number))
        return await resume(told)

    async def resume(_: object) -> int:
        while len(EVENTS) < count:
            await asyncio.sleep(LOOK_S)
        return len(EVENTS)

    async def wake(told: dict[str, Any]) -> dict[str, float]:
        late, _ = await asyncio.gather(lag(told), end_some(told))
        return late

    async def end_some(told: dict[str, Any]) -> None:
        chosen = random.Random(1).sample(sorted(EVENTS), told["count"])
        for each in chosen:
            EVENTS[each].set()
            await asyncio.sleep(told["every_s"])

    yield {"park": park, "resume": resume, "lag": lag, "wake": wake}.__getitem__  # type: ignore[misc]
    await asyncio.to_thread(DBOS.destroy)


EVENTS: dict[str, asyncio.Event] = {}


@DBOS.workflow(name="parked_story")
async def parked_story(number: str) -> None:
    await DBOS.run_step_async({"name": "begin"}, _step, number)
    await DBOS.run_step_async({"name": "wait"}, _waits, number)


async def _step(_number: str) -> str:
    return "done"


async def _waits(number: str) -> str:
    event = EVENTS[number] = asyncio.Event()
    await event.wait()
    return "done"
