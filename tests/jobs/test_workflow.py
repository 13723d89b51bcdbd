"""The durable dress: stories survive the process, stop in time, and find their way back when lost."""

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.jobs import workflow
from bot.jobs.story import Checked, Settled, Submitted, Waited
from bot.jobs.surface import Announced
from bot.store.engine import Store, open_engine
from bot.store.postgres import is_postgres


class SlowSteps:
    """Counts what is done; submit hangs until told."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.submitting = asyncio.Event()
        self.may_submit = asyncio.Event()
        self.told = asyncio.Event()

    async def announce(self, job_id: str) -> Announced:
        self.done.append("announce")
        return Announced.POSTED

    async def submit(self, job_id: str) -> Submitted:
        self.submitting.set()
        await self.may_submit.wait()
        self.done.append("submit")
        return Submitted.OVER

    async def later(self, job_id: str) -> None: ...

    async def check(self, job_id: str) -> Checked:
        return Checked.OVER

    async def wait(self, job_id: str) -> Waited:
        return Waited.ENDED

    async def settle(self, job_id: str) -> Settled:
        self.done.append("settle")
        return Settled.TELL

    async def deliver(self, job_id: str) -> None: ...

    async def tell(self, job_id: str) -> None:
        self.done.append(f"tell {job_id}")
        self.told.set()


def settings_on(url: str, executor_id: str) -> workflow.EngineSettings:
    ours = None if is_postgres(url) else open_engine(url, busy_timeout_ms=30_000, isolation_level="IMMEDIATE")
    return workflow.EngineSettings(url=url, engine=ours, executor_id=executor_id, running_max=3, poll_s=0.02)


@pytest.fixture
def settings(tmp_path: Path) -> workflow.EngineSettings:
    return settings_on(f"sqlite:///{tmp_path}/engine.sqlite", "local")


async def start(settings: workflow.EngineSettings, story_id: str) -> None:
    enqueue = workflow.enqueuer(workflow.opened_client(settings))
    store = Store(open_engine(settings.url, busy_timeout_ms=5000), writer_threads=1)
    try:
        await store.write(lambda session: enqueue(session, story_id, "T1:U1"))
    finally:
        store.close()


async def test_a_story_cut_off_goes_on_in_the_next_process_without_repeating_what_was_recorded(
    settings: workflow.EngineSettings,
) -> None:
    first = SlowSteps()
    async with workflow.running_engine(settings, first):
        await start(settings, "job1")
        await asyncio.wait_for(first.submitting.wait(), 10)
        await workflow.cancel_running(submits_get_s=0.05)
    assert first.done == ["announce"]
    second = SlowSteps()
    second.may_submit.set()
    async with workflow.running_engine(settings, second):
        await asyncio.wait_for(second.told.wait(), 10)
    assert second.done == ["submit", "settle", "tell job1"]


async def test_a_story_of_a_dead_process_is_taken_over_once_and_goes_on_where_it_stood(database_url: str) -> None:
    dead = SlowSteps()
    async with workflow.running_engine(settings_on(database_url, "dead"), dead):
        await start(settings_on(database_url, "dead"), "job1")
        await asyncio.wait_for(dead.submitting.wait(), 10)
        await workflow.cancel_running(submits_get_s=0.05)
    heir = SlowSteps()
    async with workflow.running_engine(settings_on(database_url, "heir"), heir):
        assert heir.done == []
        assert await workflow.take_over(["dead"]) == 1
        await asyncio.wait_for(heir.submitting.wait(), 10)
        assert await workflow.take_over(["dead"]) == 0
        heir.may_submit.set()
        await asyncio.wait_for(heir.told.wait(), 10)
    assert heir.done == ["submit", "settle", "tell job1"]


async def test_a_submit_on_the_wire_may_bring_its_answer_home(settings: workflow.EngineSettings) -> None:
    steps = SlowSteps()
    async with workflow.running_engine(settings, steps):
        await start(settings, "job1")
        await asyncio.wait_for(steps.submitting.wait(), 10)
        asyncio.get_running_loop().call_later(0.1, steps.may_submit.set)
    assert "submit" in steps.done


async def test_a_second_generation_is_a_story_of_the_same_job(settings: workflow.EngineSettings) -> None:
    steps = SlowSteps()
    steps.may_submit.set()
    async with workflow.running_engine(settings, steps):
        await start(settings, workflow.story_id("job1", 2))
        await asyncio.wait_for(steps.told.wait(), 10)
    assert steps.done[-1] == "tell job1"


async def test_rolling_back_leaves_no_story(settings: workflow.EngineSettings) -> None:
    steps = SlowSteps()
    async with workflow.running_engine(settings, steps):
        enqueue = workflow.enqueuer(workflow.opened_client(settings))
        store = Store(open_engine(settings.url, busy_timeout_ms=5000), writer_threads=1)

        def half(session: sa.orm.Session) -> None:
            enqueue(session, "job1", "T1:U1")
            raise ValueError("after the start was written")

        with pytest.raises(ValueError, match="after the start"):
            await store.write(half)
        count = await store.read(lambda session: session.scalar(sa.text("SELECT count(*) FROM workflow_status")))
        store.close()
    assert (count, steps.done) == (0, [])
