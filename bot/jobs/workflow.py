"""The durable dress: each step of the story recorded by DBOS, so that a killed process goes on where it was.

No other file but `wiring` knows the engine. Facts and traps: measured with dbos 3.4.0 on 2026-11-21.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions

from bot.jobs.book import BookAway
from bot.jobs.model import Job
from bot.jobs.ports import Enqueue
from bot.jobs.story import Checked, Settled, Steps, Submitted, Waited, story
from bot.jobs.surface import Announced

APPLICATION = "sora-bot"
VERSION = "jobs-1"
"""Bump by hand, with a drain: jobs of another version are left alone by this one."""
QUEUE = "jobs"
FORGET_AT_ONCE = 500
SUBMITS_GET_S = 8.0
AWAY_PAUSE_S = 1.0
WORKFLOW = "video_job"
"""The name is data in the database."""

R = TypeVar("R")

_log = logging.getLogger(__name__)


class _Stage:
    """What a workflow needs and a recorded argument cannot carry. DBOS is one instance per process, and so is this."""

    steps: "_Recorded | None" = None
    running: set["asyncio.Task[Any]"] = set()
    submits: set["asyncio.Future[Any]"] = set()
    stopping: bool = False


def set_stage(steps: Steps | None) -> None:
    _Stage.steps = None if steps is None else _Recorded(steps)
    _Stage.stopping = False
    _Stage.running = set()
    _Stage.submits = set()


async def cancel_running(submits_get_s: float = SUBMITS_GET_S) -> None:
    """Stop every story of this process; their rows stay pending for the next one.

    A submit that is on the wire may still bring its answer home, which saves the next process a search. Before
    `destroy`: otherwise bodies meet RuntimeErrors as plain exceptions and could take them for failures of a job.
    """
    _Stage.stopping = True
    if _Stage.submits:
        await asyncio.wait(set(_Stage.submits), timeout=submits_get_s)
    running = set(_Stage.running)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=1000)
async def video_job(job_id: str) -> None:
    if _Stage.steps is None or _Stage.stopping:
        raise asyncio.CancelledError
    task = asyncio.current_task()
    if task is not None:
        _Stage.running.add(task)
    try:
        await story(job_id, _Stage.steps)
    finally:
        if task is not None:
            _Stage.running.discard(task)


class _Recorded:
    """Steps whose outcomes are written down. Enums travel as their words and come back as themselves."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    async def announce(self, job_id: str) -> Announced:
        return Announced(await _step(self._steps.announce, job_id))

    async def submit(self, job_id: str) -> Submitted:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        _Stage.submits.add(over)
        try:
            return Submitted(await _step(self._steps.submit, job_id))
        finally:
            _Stage.submits.discard(over)
            if not over.done():
                over.set_result(None)

    async def later(self, job_id: str) -> None:
        await _step(self._steps.later, job_id)

    async def check(self, job_id: str) -> Checked:
        return Checked(await _step(self._steps.check, job_id))

    async def wait(self, job_id: str) -> Waited:
        return Waited(await _step(self._steps.wait, job_id))

    async def settle(self, job_id: str) -> Settled:
        return Settled(await _step(self._steps.settle, job_id))

    async def deliver(self, job_id: str) -> None:
        await _step(self._steps.deliver, job_id)

    async def tell(self, job_id: str) -> None:
        await _step(self._steps.tell, job_id)


async def _step(step: Callable[[str], Coroutine[Any, Any, R]], job_id: str) -> str:
    return await DBOS.run_step_async({"name": step.__name__}, _until_answered, step, job_id)


async def _until_answered(step: Callable[[str], Coroutine[Any, Any, R]], job_id: str) -> str:
    while True:
        try:
            return str(await step(job_id))
        except BookAway:  # to record it as the step's outcome would end the story
            _log.warning("no answer from the database: %s of job %s is repeated", step.__name__, job_id)
            await asyncio.sleep(AWAY_PAUSE_S)


def enqueuer(client: DBOSClient) -> Enqueue:
    """A durable start inside somebody else's transaction: the job's rows and its story cannot part."""

    def enqueue(session: Any, workflow_id: str, partition: str) -> None:
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": workflow_id,
            "app_version": VERSION,
            "queue_partition_key": partition,
        }
        client.enqueue_in_transaction(session, options, workflow_id.partition(".")[0])

    return enqueue


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """`engine` is a SQLAlchemy engine of our making for SQLite (WAL, FULL); None lets DBOS open Postgres itself."""

    url: str
    engine: Any
    executor_id: str
    running_max: int
    """A person's stories at once; the rest wait in their partition."""
    poll_s: float = 0.25
    """How often the queue is looked at: the longest a free slot waits."""


def opened_client(settings: EngineSettings) -> DBOSClient:
    """For enqueueing inside our own transactions. Opens nothing before its first use."""
    return DBOSClient(
        system_database_url=settings.url,
        system_database_engine=settings.engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
    )


@asynccontextmanager
async def running_engine(settings: EngineSettings, steps: Steps) -> AsyncIterator[None]:
    """Run stories, those of an earlier process first, until the block is left. Their rows stay pending then.

    Must be entered inside the running loop: DBOS adopts it for its workflows.
    """
    _quieten()
    set_stage(steps)
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": settings.url,
            "application_version": VERSION,
            "executor_id": settings.executor_id,
            # Unbounded by default: thousands of threads under load (engine facts, trap 2).
            "max_executor_threads": 4 if settings.engine is not None else 8,
            "sys_db_pool_size": 8,
            "log_level": "WARNING",
            "serializer": DBOSPortableJSONSerializer(),
            "scheduler_polling_interval_sec": 60.0,
            "notification_listener_polling_interval_sec": 0.1,
            **({"system_database_engine": settings.engine} if settings.engine is not None else {}),
        }
    )
    try:
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            partition_concurrency=settings.running_max,
            polling_interval_sec=settings.poll_s,
            on_conflict="always_update",
        )
        yield
    finally:
        await cancel_running()
        await asyncio.to_thread(DBOS.destroy)
        # DBOS leaves its own, now dead, pool behind as the loop's default (engine facts, trap 3).
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        set_stage(None)


async def lost_stories(jobs: Sequence[Job]) -> list[str]:
    """Which of these jobs have no story that lives or waits to start."""
    if not jobs:
        return []
    names = {story_id(job.id, job.generation): job.id for job in jobs}
    living = await DBOS.list_workflows_async(
        workflow_ids=list(names), status=["PENDING", "ENQUEUED", "DELAYED"], load_input=False, load_output=False
    )
    alive = {names[each.workflow_id] for each in living}
    return [job.id for job in jobs if job.id not in alive]


async def take_over(dead: Sequence[str]) -> int:
    """Begin the stories again that these processes left in their middle; returns how many.

    The engine's own way after a crash, an internal of dbos 3.4 (engine facts 6.6): a test looks after it. Should one of
    them live after all, its further notes are refused, and its effects meet the claims of ours.
    """
    return len(await asyncio.to_thread(DBOS._recover_pending_workflows, list(dead)))


async def forget_finished(before: datetime) -> int:
    """Delete the notes on stories that ended before then, in batches: the open engine keeps them for ever.

    Never by SQL: outcomes of steps would stay behind and be replayed (engine facts, trap 8).
    """
    forgotten = 0
    while True:
        ended = await DBOS.list_workflows_async(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=before.isoformat(),
            limit=FORGET_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if not ended:
            return forgotten
        await DBOS.delete_workflows_async([each.workflow_id for each in ended])
        forgotten += len(ended)


def story_id(job_id: str, generation: int) -> str:
    """A story's id is never used twice: a reused one would replay the old outcomes."""
    return job_id if generation == 0 else f"{job_id}.{generation}"


def _quieten() -> None:
    """DBOS adds a handler of its own unless its logger has one, and advertises at INFO."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = True
    logger.setLevel(logging.WARNING)
