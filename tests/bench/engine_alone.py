"""The durable engine alone: workflows with as many recorded steps as a job's story, and nothing else.

    python tests/bench/engine_alone.py DATABASE

Prints the processor time of one workflow in milliseconds. Queue, partitions, serializer and database settings are ours.
"""

import asyncio
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dbos import DBOS, DBOSPortableJSONSerializer

from bot.store.engine import open_engine

STEPS = 5
"""announce, submit, wait, settle, deliver."""
WARM_UP = 50
COUNT = 500
EVERY_S = 0.05
POLL_S = 0.25


@DBOS.workflow(name="bare_story")
async def bare_story(job_id: str) -> None:
    for number in range(STEPS):
        await DBOS.run_step_async({"name": f"step{number}"}, nothing, job_id)


async def nothing(_job_id: str) -> str:
    return "done"


async def played(count: int) -> None:
    handles = []
    for _ in range(count):
        handles.append(await DBOS.enqueue_workflow_async("bare", bare_story, uuid.uuid4().hex))
        await asyncio.sleep(EVERY_S)
    for handle in handles:
        await handle.get_result(polling_interval_sec=POLL_S)


async def main() -> None:
    url = f"sqlite:///{sys.argv[1]}"
    DBOS(
        config={
            "name": "bare",
            "system_database_url": url,
            "system_database_engine": open_engine(url, busy_timeout_ms=30_000, isolation_level="IMMEDIATE"),
            "application_version": "1",
            "executor_id": "local",
            "max_executor_threads": 4,
            "log_level": "ERROR",
            "serializer": DBOSPortableJSONSerializer(),
            "scheduler_polling_interval_sec": 60.0,
        }
    )
    DBOS.launch()
    await DBOS.register_queue_async("bare", polling_interval_sec=POLL_S, on_conflict="always_update")
    await played(WARM_UP)
    began = time.process_time()
    await played(COUNT)
    print((time.process_time() - began) / COUNT * 1000)
    await asyncio.to_thread(DBOS.destroy)


if __name__ == "__main__":
    asyncio.run(main())
