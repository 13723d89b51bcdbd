"""What is counted at commits is what the rows say: each end once, each micro-dollar once, however often a step runs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jobs.house import ANA, TEAM, House, a_house
from scripted_service import ScriptedService, a_protocol, an_upstream

from bot.catalogue.model import Protocol
from bot.jobs.attempt import AttemptState
from bot.jobs.model import JobState
from bot.jobs.story import story
from bot.jobs.surface import Delivered
from bot.observing.book import WatchedJobs
from bot.observing.confidential import Confidential
from bot.observing.meters import Meters
from bot.providers.base import RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, Moderated, OutcomeUnknown
from bot.upstreams.registry import Upstream

DAY_S = 24 * 3600


class Twice:
    """Every step runs a second time, as after a death between its effects and its word."""

    def __init__(self, steps: object) -> None:
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        async def twice(job_id: str) -> object:
            await getattr(self._steps, name)(job_id)
            return await getattr(self._steps, name)(job_id)

        return twice


class Counted:
    """A house with meters, and what they say."""

    def __init__(self, house: House, service: ScriptedService, meters: Meters, confidential: Confidential) -> None:
        self.house, self.service, self.meters, self.confidential = house, service, meters, confidential

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """Samples that moved, by their labels' values in the order of their names."""
        return {
            tuple(value for _, value in sorted(each.labels.items())): each.value
            for family in self.meters.registry.collect()
            for each in family.samples
            if each.name == name and each.value
        }

    async def agrees_with_the_rows(self, *jobs: str) -> None:
        records = [await self.house.record(each) for each in jobs]
        attempts = [attempt for record in records for attempt in record.attempts]
        assert self.of("sora_jobs_accepted_total") == {(): len(records)}
        paid = sum(record.job.paid_usd_micros for record in records)
        assert sum(self.of("sora_spent_usd_micros_total").values()) == paid
        made = [each for each in attempts if each.state is AttemptState.SUCCEEDED]
        outcomes: Counter[str] = Counter()
        for (_, outcome, _), count in self.of("sora_attempts_ended_total").items():
            outcomes[outcome] += int(count)
        assert outcomes["succeeded"] == len(made)
        # Given up and made after all is two outcomes of one try; each other try has one.
        late = outcomes["unknown"] if made else 0
        assert sum(outcomes.values()) - late == len(attempts)
        timed = [each for each in made if each.submitted_at is not None]
        assert sum(self.of("sora_render_seconds_count").values()) == len(timed)


def _alone(protocol: Protocol, service: ScriptedService) -> tuple[Upstream, ...]:
    return (an_upstream(service, protocol=protocol),)


@asynccontextmanager
async def counted(folder: Path, **protocol: Any) -> AsyncIterator[Counted]:
    meters, confidential = Meters(), Confidential()
    stored = partial(WatchedJobs, meters=meters, confidential=confidential)
    one = a_protocol(**protocol)
    async with a_house(folder, upstreams=lambda it: (an_upstream(it, protocol=one),), stored=stored) as (
        house,
        service,
    ):
        yield Counted(house, service, meters, confidential)


async def test_a_video_whose_every_step_ran_twice_is_counted_once(tmp_path: Path) -> None:
    async with counted(tmp_path) as it:
        job = await it.house.accepted(length_s=4)
        await it.house.clock.finish(story(job.id, Twice(it.house.steps)))  # type: ignore[arg-type]
        await it.agrees_with_the_rows(job.id)
        assert it.of("sora_jobs_ended_total") == {("", "delivered"): 1}
        assert it.of("sora_spent_usd_micros_total") == {("captured", "scripted"): 400_000}
        assert it.of("sora_delivery_seconds_count") == it.of("sora_job_seconds_count") == {(): 1}
        record = await it.house.record(job.id)
        (attempt,) = record.attempts
        assert attempt.ended_at is not None
        assert attempt.submitted_at is not None
        assert it.of("sora_render_seconds_sum") == {
            ("wave-1", "scripted"): (attempt.ended_at - attempt.submitted_at).total_seconds()
        }


async def test_the_same_order_again_is_not_accepted_again(tmp_path: Path) -> None:
    async with counted(tmp_path) as it:
        await it.house.ask(key="one")
        await it.house.ask(key="one")
        assert it.of("sora_jobs_accepted_total") == {(): 1}


async def test_failures_are_counted_by_kind_and_what_they_cost(tmp_path: Path) -> None:
    async with counted(tmp_path, charges_refused=True) as it:
        it.service.before.append(CapacityFailed("full"))
        it.service.statuses = [
            RenderStatus(state=RenderState.RUNNING),
            RenderStatus(state=RenderState.FAILED, failure=Moderated("violence")),
        ]
        job = await it.house.accepted(length_s=4)
        await it.house.play(job)
        await it.agrees_with_the_rows(job.id)
        assert it.of("sora_attempts_ended_total") == {
            ("wave-1", "capacity", "scripted"): 1,
            ("wave-1", "moderation", "scripted"): 1,
        }
        assert it.of("sora_jobs_ended_total") == {("refused", "failed"): 1}
        assert it.of("sora_spent_usd_micros_total") == {("captured", "scripted"): 400_000}


async def test_a_submit_that_never_arrived_is_lost_and_its_second_one_counts(tmp_path: Path) -> None:
    async with counted(tmp_path) as it:
        it.service.before.append(OutcomeUnknown("silence"))
        job = await it.house.accepted()
        await it.house.play(job)
        await it.agrees_with_the_rows(job.id)
        assert it.of("sora_attempts_ended_total") == {
            ("wave-1", "lost", "scripted"): 1,
            ("wave-1", "succeeded", "scripted"): 1,
        }


async def test_given_up_is_possibly_paid_and_a_late_video_costs_nothing_more(tmp_path: Path) -> None:
    async with counted(tmp_path, lists=False) as it:
        it.service.after.append(OutcomeUnknown("silence"))
        job = await it.house.accepted(length_s=4)
        record = await it.house.play(job, within_s=8 * DAY_S)
        await it.agrees_with_the_rows(job.id)
        assert it.of("sora_spent_usd_micros_total") == {("possibly_paid", "scripted"): 400_000}
        assert it.of("sora_jobs_ended_total") == {("", "unconfirmed"): 1}
        genuine = {"signature": "genuine", "id": "e1"}
        token, render_id = record.attempts[0].webhook_token, it.service.accepted[0].render_id
        for _ in range(2):
            await it.house.desk.hear("scripted", token, genuine, render_id.encode())
        await it.house.play(job)
        await it.agrees_with_the_rows(job.id)
        assert it.of("sora_jobs_ended_total") == {("", "unconfirmed"): 1, ("", "delivered"): 1}


@pytest.mark.parametrize("confirms", [True, False])
async def test_a_cancelled_job_ends_once_and_costs_what_its_row_says(tmp_path: Path, confirms: bool) -> None:
    async with counted(tmp_path, cancels=True) as it:
        it.service.confirms_cancel = confirms
        it.service.statuses = [RenderStatus(state=RenderState.RUNNING)] * 10
        job = await it.house.accepted(length_s=4)
        playing = asyncio.ensure_future(story(job.id, it.house.steps))
        await it.house.clock.advance(10)
        await it.house.service.cancel(TEAM, ANA, job.id)
        await it.house.clock.finish(playing)
        await it.agrees_with_the_rows(job.id)
        assert it.of("sora_jobs_ended_total") == {("", "cancelled"): 1}
        if not confirms:
            assert await it.house.service.send_again(TEAM, ANA, job.id)
            assert (await it.house.play(job)).job.state is JobState.DELIVERED
            await it.agrees_with_the_rows(job.id)


async def test_sent_again_hours_later_is_no_wait_of_hours(tmp_path: Path) -> None:
    async with counted(tmp_path) as it:
        it.house.surface.delivers = Delivered.REFUSED
        job = await it.house.accepted(length_s=4)
        await it.house.play(job)
        await it.house.clock.advance(DAY_S)
        it.house.surface.delivers = Delivered.SHARED
        assert await it.house.service.send_again(TEAM, ANA, job.id)
        await it.house.play(job)
        assert it.of("sora_jobs_ended_total") == {("undeliverable", "failed"): 1, ("", "delivered"): 1}
        assert it.of("sora_job_seconds_count") == {}
        assert all(each < 60 for each in it.of("sora_delivery_seconds_sum").values())
        await it.agrees_with_the_rows(job.id)


async def test_prompts_of_jobs_from_before_a_restart_are_known_by_heart(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, _):
        job = await house.accepted("a secret wish of somebody")
        clock = house.clock
    meters, confidential = Meters(), Confidential()
    stored = partial(WatchedJobs, meters=meters, confidential=confidential)
    async with a_house(tmp_path, clock=clock, restarted=True, stored=stored) as (house, _):
        await house.record(job.id)
    assert "secret wish" not in confidential.cleaned("cannot draw a secret wish of somebody")
