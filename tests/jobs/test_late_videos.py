"""A service says that it failed and makes the video all the same: what was paid is booked, what is owed delivered."""

import asyncio
from pathlib import Path

from house import ADMIN, TEAM, House, a_house
from scripted_service import ScriptedService, a_protocol, an_upstream

from bot.jobs.attempt import AttemptState
from bot.jobs.doubt_desk import DoubtOutcome
from bot.jobs.model import Failure, JobRecord, JobState
from bot.jobs.story import story
from bot.providers.base import RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, NotFound, OutcomeUnknown

PRICE = 400_000
FAILED = RenderStatus(state=RenderState.FAILED, failure=CapacityFailed("the render broke"))
LOST = RenderStatus(state=RenderState.FAILED, failure=NotFound("gone"))


async def call_back(house: House, service: ScriptedService, record: JobRecord, *, nth: int) -> None:
    """The service's own webhook about the nth render it started, twice."""
    for _ in range(2):
        genuine = {"signature": "genuine", "id": f"e{nth}"}
        token, render_id = record.attempts[nth].webhook_token, service.accepted[nth].render_id
        await house.desk.hear("scripted", token, genuine, render_id.encode())


async def test_a_job_that_failed_gets_its_late_video_and_pays_for_it_once(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [LOST]
        job = await house.accepted(length_s=4)
        record = await house.play(job)
        assert (record.job.failure, await house.spent()) == (Failure.NOT_RENDERED, (0, 0))
        await call_back(house, service, record, nth=0)
        assert house.enqueued[-1] == f"{job.id}.1"
        record = await house.play(job)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, PRICE)
        assert (len(house.surface.delivered), await house.spent()) == (1, (PRICE, 0))
        assert await house.ledger_is_exact()


async def test_a_late_video_of_a_job_that_has_another_is_booked_and_not_delivered(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [FAILED]
        record = await house.play(await house.accepted(length_s=4))
        assert (record.job.state, len(service.accepted)) == (JobState.DELIVERED, 2)
        await call_back(house, service, record, nth=0)
        record = await house.record(record.job.id)
        assert [each.state for each in record.attempts] == [AttemptState.SUCCEEDED] * 2
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 2 * PRICE)
        assert (len(house.surface.delivered), await house.spent()) == (1, (2 * PRICE, 0))
        assert await house.ledger_is_exact()


async def test_a_video_that_an_admin_took_for_not_made_is_booked_when_it_turns_up(tmp_path: Path) -> None:
    blind = a_protocol(lists=False)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, protocol=blind),)) as (house, service):
        service.after.append(OutcomeUnknown("silence"))
        job = await house.accepted(length_s=4)
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.until(lambda: house.surface.asked_admins)
        lost = (await house.record(job.id)).attempts[0]
        answer = await house.doubts.answer(TEAM, ADMIN, lost.id, made=False)
        assert answer.outcome is DoubtOutcome.SENT_AFRESH
        await house.clock.finish(playing)
        record = await house.record(job.id)
        await call_back(house, service, record, nth=0)
        record = await house.record(job.id)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 2 * PRICE)
        assert (len(house.surface.delivered), await house.ledger_is_exact()) == (1, True)
