"""The watcher on real rows and a virtual clock: how often it asks, what it obeys, and what it makes of what it sees."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from house import House, a_film, a_house
from scripted_service import a_model, a_protocol, an_upstream
from timed_service import NEVER_S, BatchService, TimedService, history, in_flight
from virtual_clock import VirtualClock

from bot.jobs.attempt import Attempt, AttemptState
from bot.providers.errors import RateLimited
from bot.upstreams.registry import Upstream

USUAL_S = 120


@asynccontextmanager
async def a_watch(
    folder: Path, kind: type[TimedService] = TimedService, submits_per_minute: int = 60, **protocol: Any
) -> AsyncIterator[tuple[House, TimedService]]:
    """A house beside a service whose videos take two minutes, three at most."""
    clock = VirtualClock()
    timed = kind(clock=clock, film=a_film(folder))
    facts: dict[str, Any] = {"poll_min_s": 2.0, "poll_max_s": 30.0}

    def upstreams(_: object) -> tuple[Upstream, ...]:
        model = a_model(typical_s=USUAL_S, slow_s=180, wait_max_s=600)
        account = {"models": (model,), "submits_per_minute": submits_per_minute}
        return (an_upstream(timed, protocol=a_protocol(**facts | protocol), **account),)

    async with a_house(folder, upstreams=upstreams, service=timed, clock=clock) as (house, _service):
        yield house, timed


@asynccontextmanager
async def waiting_for(house: House, *attempts: Attempt) -> AsyncIterator[list["asyncio.Task[None]"]]:
    waits = [asyncio.ensure_future(house.watcher.ended(each)) for each in attempts]
    await house.clock.settle()
    try:
        yield waits
    finally:
        for each in waits:
            each.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def test_a_render_is_looked_at_early_then_rarely_then_often_and_its_end_is_in_its_row(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        (attempt,) = await in_flight(house, service, 130)
        await house.clock.finish(house.watcher.ended(attempt))
        begun = service.begun["r1"]
        ages = [(when - begun).total_seconds() for when in service.looks_at("r1")]
        row = await house.book.attempt(attempt.id)
        assert row is not None
        assert row.state is AttemptState.SUCCEEDED
        assert 2 <= ages[0] < 2.3
        assert len(ages) < 18
        pauses = [later - sooner for sooner, later in pairwise(ages)]
        assert max(pauses[:2]) > 2 * min(pauses[-3:])
        assert ages[-1] - 130 < 12


async def test_a_service_whose_webhooks_have_always_come_is_asked_once(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        await history(house, *[USUAL_S] * 60, announced=True)
        (attempt,) = await in_flight(house, service, 100)
        async with waiting_for(house, attempt) as (wait,):
            await house.clock.advance(100.5)
            assert service.requests == []
            house.watcher.nudge("scripted", "r1")
            await house.clock.until(wait.done, within_s=0.5)
        assert len(service.requests) == 1


async def test_a_lost_webhook_makes_a_render_late_and_not_lost(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        await history(house, *[USUAL_S + each for each in range(60)], announced=True)
        (attempt,) = await in_flight(house, service, 100)
        await house.clock.finish(house.watcher.ended(attempt), within_s=600)
        assert len(service.requests) == 1
        assert house.clock.now() - service.begun["r1"] < timedelta(seconds=400)


async def test_webhooks_that_stopped_coming_are_not_waited_for(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        await history(house, *[USUAL_S] * 60, announced=False)
        (attempt,) = await in_flight(house, service, 100)
        await house.clock.finish(house.watcher.ended(attempt), within_s=600)
        assert house.clock.now() - service.begun["r1"] < timedelta(seconds=112)


async def test_a_webhook_that_comes_before_the_services_own_status_is_believed_for_some_quick_looks(
    tmp_path: Path,
) -> None:
    async with a_watch(tmp_path) as (house, service):
        (attempt,) = await in_flight(house, service, 60)
        async with waiting_for(house, attempt) as (wait,):
            await house.clock.advance(57)
            before = len(service.requests)
            house.watcher.nudge("scripted", "r1")
            await house.clock.until(wait.done, within_s=10)
            looks = service.looks_at("r1")[before:]
        assert [(each - looks[0]).total_seconds() for each in looks] == [0, 2, 4]


async def test_a_poll_after_hint_is_obeyed(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        service.poll_after_s = 17.0
        (attempt,) = await in_flight(house, service, 100)
        await house.clock.finish(house.watcher.ended(attempt))
        looks = service.looks_at("r1")
        assert {(later - sooner).total_seconds() for sooner, later in pairwise(looks)} == {17.0}


async def test_forty_renders_are_asked_about_in_a_few_requests_where_one_answer_tells_of_many(tmp_path: Path) -> None:
    async with a_watch(tmp_path, BatchService, poll_batch_max=25) as (house, service):
        attempts = await in_flight(house, service, *[110 + each for each in range(40)])
        async with waiting_for(house, *attempts) as waits:
            await house.clock.until(lambda: all(each.done() for each in waits), within_s=300)
        assert len(service.requests) < 2 * 40
        assert max(len(asked) for _, asked in service.requests) == 25
        late = [
            service.looks_at(r)[-1] - service.begun[r] - timedelta(seconds=service.takes_s[r]) for r in service.begun
        ]
        assert max(late) < timedelta(seconds=10)


async def test_a_render_that_the_answer_leaves_out_is_looked_at_alone(tmp_path: Path) -> None:
    async with a_watch(tmp_path, BatchService, poll_batch_max=25) as (house, service):
        assert isinstance(service, BatchService)
        service.unlisted.add("r2")
        attempts = await in_flight(house, service, 60, 60, 60)
        async with waiting_for(house, *attempts) as waits:
            await house.clock.until(lambda: all(each.done() for each in waits), within_s=300)
        about = [asked for _, asked in service.requests if "r2" in asked]
        left_out = next(at for at, asked in enumerate(about) if len(asked) > 1)
        assert len(about) > left_out + 3
        assert set(about[left_out + 1 :]) == {("r2",)}


async def test_a_services_minute_is_kept_with_more_renders_than_it_allows(tmp_path: Path) -> None:
    async with a_watch(tmp_path, polls_per_minute=30) as (house, service):
        attempts = await in_flight(house, service, *[NEVER_S] * 60)
        async with waiting_for(house, *attempts):
            await house.clock.advance(240)
        times = sorted((when - house.clock.now()).total_seconds() for when, _ in service.requests)
        assert all(later - sooner > 59.9 for sooner, later in zip(times, times[30:], strict=False))
        assert len(times) >= 100
        looked = Counter(asked[0] for _, asked in service.requests)
        assert len(looked) == 60, "everybody had a turn"


@pytest.mark.parametrize(("submits", "looks"), [(60, 300), (300, 600)])
async def test_an_account_that_may_submit_more_than_usual_is_looked_at_more(
    tmp_path: Path, submits: int, looks: int
) -> None:
    async with a_watch(tmp_path, submits_per_minute=submits) as (house, service):
        attempts = await in_flight(house, service, *[100] * 200)
        for each in attempts:
            await house.book.webhook_came(each.upstream, each.render_id or "", each.id, token="", at=house.clock.now())
        async with waiting_for(house, *attempts):
            await house.clock.advance(60)
    assert looks - 5 <= len(service.requests) <= looks


async def test_one_too_fast_silences_all_questions_to_that_service(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        attempts = await in_flight(house, service, *[NEVER_S] * 10)
        service.raises.append(RateLimited("slow down", retry_after_s=40))
        async with waiting_for(house, *attempts):
            await house.clock.advance(60)
        first, *others = [(when - service.begun["r1"]).total_seconds() for when, _ in service.requests]
        on_the_wire = [each for each in others if each < first + 39]
        assert len(on_the_wire) <= 3
        assert len([each for each in others if each >= first + 39]) >= 10


async def test_a_restart_with_eighty_renders_goes_on_where_the_schedules_were(tmp_path: Path) -> None:
    async with a_watch(tmp_path, polls_per_minute=6000) as (house, service):
        attempts = await in_flight(house, service, *[NEVER_S] * 80, ago_s=115)
        async with waiting_for(house, *attempts):
            await house.clock.advance(9)
        firsts = [
            (service.looks_at(render)[0] - service.begun[render]).total_seconds() - 115 for render in service.begun
        ]
        in_a_second = Counter(int(each) for each in firsts)
        assert 4 < max(firsts) < 9
        assert max(in_a_second.values()) < 30


async def test_a_render_without_progress_past_nearly_all_of_its_kind_is_overdue_long_before_the_longest_wait(
    tmp_path: Path,
) -> None:
    async with a_watch(tmp_path) as (house, service):
        await history(house, *[40 + each / 10 for each in range(120)])
        (attempt,) = await in_flight(house, service, NEVER_S)
        service.progress = 0.5
        await house.clock.finish(house.watcher.ended(attempt), within_s=200)
        record = await house.record(attempt.job_id)
        assert record.job.overdue_since is not None
        assert timedelta(seconds=90) < record.job.overdue_since - service.begun["r1"] < timedelta(seconds=130)


async def test_too_little_history_leaves_only_the_longest_wait(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        await history(house, *[40 + each / 10 for each in range(99)])
        (attempt,) = await in_flight(house, service, NEVER_S)
        await house.clock.finish(house.watcher.ended(attempt), within_s=700)
        record = await house.record(attempt.job_id)
        assert record.job.overdue_since is not None
        assert timedelta(seconds=600) < record.job.overdue_since - service.begun["r1"] < timedelta(seconds=640)


async def test_an_overdue_render_is_looked_at_slowly_also_by_the_next_process(tmp_path: Path) -> None:
    async with a_watch(tmp_path) as (house, service):
        (attempt,) = await in_flight(house, service, 3000, ago_s=700)
        await house.book.overdue(attempt.job_id, at=house.clock.now())
        await house.clock.finish(house.watcher.ended(attempt), within_s=4000)
        assert 5 < len(service.requests) < 20
        row = await house.book.attempt(attempt.id)
        assert row is not None
        assert row.state is AttemptState.SUCCEEDED
