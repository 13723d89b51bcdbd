"""Where a service cannot be asked, an admin's word ends the doubt: once, for one attempt, and never twice paid."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from house import ADMIN, ANA, BEN, TEAM, House, a_house
from scripted_service import ScriptedService, a_protocol, an_upstream

from bot.jobs.attempt import AttemptState
from bot.jobs.doubt_desk import DoubtOutcome
from bot.jobs.model import Job, JobState
from bot.jobs.story import story
from bot.providers.base import RenderState, RenderStatus
from bot.providers.errors import InvalidRequest, OutcomeUnknown
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span

DEADLINE_S = 30
"""The scripted service's time for a submit."""
PRICE = 400_000


@dataclass
class Doubtful:
    house: House
    service: ScriptedService
    job: Job
    playing: "asyncio.Future[None]"

    async def answer(self, made: bool, *, user: str = ADMIN, team: str = TEAM) -> DoubtOutcome:
        attempt = (await self.house.record(self.job.id)).attempts[0]
        return (await self.house.doubts.answer(team, user, attempt.id, made=made)).outcome

    async def answer_latest(self, made: bool) -> DoubtOutcome:
        attempt = (await self.house.record(self.job.id)).attempts[-1]
        return (await self.house.doubts.answer(TEAM, ADMIN, attempt.id, made=made)).outcome


@asynccontextmanager
async def a_doubt(
    folder: Path, *, arrived: bool, ask_s: float = DEADLINE_S + 1, lists: bool = False, **more: Any
) -> AsyncIterator[Doubtful]:
    """A 4 s video, $0.40, whose submit got no answer from a service that lists nothing; `ask_s` later."""
    mute = a_protocol(lists=lists)
    async with a_house(folder, upstreams=lambda one: (an_upstream(one, protocol=mute),), **more) as (house, service):
        (service.after if arrived else service.before).append(OutcomeUnknown("silence"))
        job = await house.accepted(length_s=4)
        playing = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(ask_s)
        yield Doubtful(house, service, job, playing)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def test_admins_are_asked_once_and_not_before_it_can_be_known(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=False, ask_s=DEADLINE_S - 5) as doubt:
        house = doubt.house
        assert house.surface.asked_admins == []
        await house.clock.advance(10 * 3600)
        attempt = (await house.record(doubt.job.id)).attempts[0]
        assert house.surface.asked_admins == [(attempt.id, attempt.intent_at + timedelta(days=7))]


async def test_it_was_not_made_so_its_own_story_sends_it_at_once_and_it_is_paid_once(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=False) as doubt:
        house = doubt.house
        before = house.clock.now()
        assert await doubt.answer(made=False) is DoubtOutcome.SENT_AFRESH
        await house.clock.finish(doubt.playing)
        record = await house.record(doubt.job.id)
        assert [each.state for each in record.attempts] == [AttemptState.NOT_ACCEPTED, AttemptState.SUCCEEDED]
        assert record.job.state is JobState.DELIVERED
        assert len(doubt.service.accepted) == 1
        assert doubt.service.accepted[0].at - before < timedelta(seconds=5)
        assert await house.spent() == (400_000, 0)
        assert await house.ledger_is_exact()


async def test_it_was_made_so_it_is_booked_at_once_and_its_person_is_told(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=True) as doubt:
        house = doubt.house
        assert await doubt.answer(made=True) is DoubtOutcome.BOOKED
        await house.clock.finish(doubt.playing, within_s=5)
        record = await house.record(doubt.job.id)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.UNCONFIRMED, 400_000)
        assert ([each.job.id for each in house.surface.told], await house.spent()) == ([doubt.job.id], (400_000, 0))
        assert (len(doubt.service.accepted), await house.ledger_is_exact()) == (1, True)
        assert ("doubt_answered", {"job": doubt.job.id, "by": ADMIN, "made": True}) in house.alarms


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True), (False, False)])
async def test_the_first_of_two_words_counts(tmp_path: Path, first: bool, second: bool) -> None:
    async with a_doubt(tmp_path, arrived=first) as doubt:
        said = await asyncio.gather(doubt.answer(made=first), doubt.answer(made=second, user=BEN))
        assert said.count(DoubtOutcome.SETTLED) == 1
        assert await doubt.answer(made=second) is DoubtOutcome.SETTLED
        await doubt.house.clock.finish(doubt.playing)
        assert len(doubt.service.accepted) <= 1 + first
        assert await doubt.house.ledger_is_exact()


async def test_a_render_that_was_adopted_is_not_touched_by_a_late_word(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=True) as doubt:
        house, attempt = doubt.house, (await doubt.house.record(doubt.job.id)).attempts[0]
        genuine = {"signature": "genuine", "id": "e1"}
        await house.desk.hear("scripted", attempt.webhook_token, genuine, doubt.service.accepted[0].render_id.encode())
        assert [await doubt.answer(made=False), await doubt.answer(made=True)] == [DoubtOutcome.SETTLED] * 2
        await house.clock.finish(doubt.playing)
        assert ((await house.record(doubt.job.id)).job.state, len(doubt.service.accepted)) == (JobState.DELIVERED, 1)


async def test_a_word_is_refused_from_others_and_while_it_may_still_arrive(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=False, ask_s=5) as doubt:
        assert await doubt.answer(made=False, user=ANA) is DoubtOutcome.NOT_ADMIN
        assert await doubt.answer(made=False, team="T2") is DoubtOutcome.UNKNOWN
        assert (await doubt.house.doubts.answer(TEAM, ADMIN, "nothing", made=True)).outcome is DoubtOutcome.UNKNOWN
        assert [await doubt.answer(made=False), await doubt.answer(made=True)] == [DoubtOutcome.TOO_EARLY] * 2
        assert (await doubt.house.record(doubt.job.id)).job.state is JobState.CHECKING


async def test_a_person_who_cancelled_meanwhile_gets_the_money_back(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=False) as doubt:
        await doubt.house.service.cancel(TEAM, ANA, doubt.job.id)
        assert await doubt.answer(made=False) is DoubtOutcome.SENT_AFRESH
        await doubt.house.clock.finish(doubt.playing)
        record = await doubt.house.record(doubt.job.id)
        assert (record.job.state, doubt.service.accepted) == (JobState.CANCELLED, [])
        assert await doubt.house.spent() == (0, 0)


async def test_a_video_at_a_service_that_was_removed_is_booked_as_possibly_paid_and_told(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        service.statuses = [RenderStatus(state=RenderState.RUNNING)] * 1000
        job = await house.accepted(length_s=4)
        dying = asyncio.ensure_future(story(job.id, house.steps))
        await house.clock.advance(30)
        assert (await house.record(job.id)).job.state is JobState.RENDERING
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        clock = house.clock
    other = ScriptedService(clock=clock, film=tmp_path / "film.mp4")
    without = a_house(
        tmp_path, clock=clock, service=other, restarted=True, upstreams=lambda one: (an_upstream(one, "other"),)
    )
    async with without as (house, _):
        record = await house.play(job)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.UNCONFIRMED, 400_000)
        assert ([each.job.id for each in house.surface.told], other.accepted) == ([job.id], [])
        assert await house.ledger_is_exact()


async def test_below_a_price_that_admins_set_it_is_sent_once_more_and_both_are_booked(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=True, ask_s=DEADLINE_S - 5, risk_below_usd_micros=PRICE + 1) as doubt:
        house = doubt.house
        assert (len(doubt.service.accepted), await house.spent()) == (1, (0, PRICE))
        await house.clock.finish(doubt.playing)
        record = await house.record(doubt.job.id)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 2 * PRICE)
        assert [each.state for each in record.attempts] == [AttemptState.UNKNOWN, AttemptState.SUCCEEDED]
        assert "sent once more" in record.attempts[0].note
        assert (len(doubt.service.accepted), len(house.surface.delivered)) == (2, 1)
        assert (await house.spent(), house.surface.asked_admins) == ((2 * PRICE, 0), [])
        assert await house.ledger_is_exact()


async def test_it_is_bought_once_a_job_and_what_follows_is_asked(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=True, risk_below_usd_micros=PRICE + 1, ask_s=0) as doubt:
        house = doubt.house
        doubt.service.after.append(OutcomeUnknown("silence again"))
        await house.clock.advance(3 * DEADLINE_S)
        record = await house.record(doubt.job.id)
        assert [each.state for each in record.attempts] == [AttemptState.UNKNOWN, AttemptState.INTENT]
        assert (record.job.state, len(house.surface.asked_admins)) == (JobState.CHECKING, 1)
        assert await house.spent() == (PRICE, PRICE)
        assert await doubt.answer_latest(made=False) is DoubtOutcome.SENT_AFRESH
        await house.clock.finish(doubt.playing)
        record = await house.record(doubt.job.id)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 2 * PRICE)
        assert await house.ledger_is_exact()


async def test_a_second_try_that_fails_gives_its_own_money_back_and_no_more(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=True, risk_below_usd_micros=PRICE + 1, ask_s=0) as doubt:
        house = doubt.house
        doubt.service.before.append(InvalidRequest("no"))
        await house.clock.finish(doubt.playing)
        record = await house.record(doubt.job.id)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.FAILED, PRICE)
        assert await house.spent() == (PRICE, 0)
        assert await house.ledger_is_exact()


@pytest.mark.parametrize(
    "why", ["its price is not below", "a limit does not take both", "its person has cancelled", "it can be looked for"]
)
async def test_no_risk_is_taken_where(tmp_path: Path, why: str) -> None:
    below = PRICE if why == "its price is not below" else PRICE + 1
    more: dict[str, Any] = {}
    if why == "a limit does not take both":
        more["limits"] = (Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=2 * PRICE - 1),)
    async with a_doubt(
        tmp_path, arrived=True, ask_s=0, risk_below_usd_micros=below, lists=why == "it can be looked for", **more
    ) as doubt:
        house = doubt.house
        await house.clock.advance(1)
        if why == "its person has cancelled":
            await house.service.cancel(TEAM, ANA, doubt.job.id)
        await house.clock.advance(3600)
        record = await house.record(doubt.job.id)
        assert len(doubt.service.accepted) == len(record.attempts) == 1
        assert record.job.paid_usd_micros in {0, PRICE}
        assert AttemptState.UNKNOWN not in {each.state for each in record.attempts}


async def test_what_is_possibly_paid_stands_in_the_admins_review_list(tmp_path: Path) -> None:
    async with a_doubt(tmp_path, arrived=True) as doubt:
        assert await doubt.house.doubts.review(TEAM, ADMIN) == []
        await doubt.answer(True)
        (unseen,) = await doubt.house.doubts.review(TEAM, ADMIN)
        assert (unseen.job.number, unseen.attempt.usd_micros) == (1, PRICE)
        assert await doubt.house.doubts.review(TEAM, ANA) == []
        assert await doubt.house.doubts.review("T-other", ADMIN) == []
        await doubt.house.clock.finish(doubt.playing)
        await doubt.house.clock.advance(63 * 24 * 3600)
        assert await doubt.house.doubts.review(TEAM, ADMIN) == []
