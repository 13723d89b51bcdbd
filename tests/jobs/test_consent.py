"""A video that cannot be had as it was agreed: asked about, answered once, and never made by something else unasked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from house import ADMIN, ANA, BEN, TEAM, House, a_house
from scripted_service import ScriptedService, a_model, an_upstream

from bot.catalogue.model import Tier
from bot.jobs.consent import AnswerWord, Question
from bot.jobs.model import Failure, Job, JobRecord, JobState, Waiting
from bot.jobs.questions import AnswerOutcome
from bot.jobs.rooms import Patience
from bot.jobs.story import story
from bot.providers.base import RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, Moderated, QuotaExhausted, Retired, Unreachable
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.upstreams.policy import Routing, WhenAllDown
from bot.upstreams.registry import Upstream

GONG = a_model("gong", usd_micros_per_s=150_000)
"""What else there is: dearer than wave-1, which costs $0.10 a second."""


@dataclass(slots=True)
class Two:
    """`first` makes wave-1, `other` makes something else."""

    house: House
    first: ScriptedService
    other: ScriptedService

    async def named(self, **wish: Any) -> Job:
        return await self.house.accepted(**{"model": "wave-1", "length_s": 4} | wish)

    async def out(self, service: str = "scripted", kind: str = QuotaExhausted.kind) -> None:
        """For a quarter of an hour; for capacity, half a minute."""
        for _ in range(3):
            await self.house.healths.observe(service, error_kind=kind, now=self.house.clock.now())

    async def asked(self, job: Job, *, within_s: float = 90) -> tuple["asyncio.Future[None]", Question]:
        """Its story, running, once the question is there."""
        playing = asyncio.ensure_future(story(job.id, self.house.steps))
        await self.house.clock.advance(within_s)
        record = await self.house.record(job.id)
        assert record.open_question is not None, record
        assert record.job.waiting is Waiting.ANSWER
        return playing, record.open_question

    async def answers(self, question: Question, word: AnswerWord, *, user: str = ANA) -> AnswerOutcome:
        return (await self.house.questions.answer(TEAM, user, question.id, word)).outcome

    async def ended(self, job: Job, playing: "asyncio.Future[None]", *, within_s: float = 3600) -> JobRecord:
        await self.house.clock.finish(playing, within_s=within_s)
        assert await self.house.ledger_is_exact()
        return await self.house.record(job.id)


@asynccontextmanager
async def two(folder: Path, *models: Any, first: dict[str, Any] | None = None, **house: Any) -> AsyncIterator[Two]:
    others: list[ScriptedService] = []

    def services(one: ScriptedService) -> tuple[Upstream, ...]:
        others.append(ScriptedService(clock=one.clock, film=one.film))
        other = an_upstream(others[0], "other", tier=Tier.RELAY, models=models or (GONG,))
        return an_upstream(one, **(first or {})), other

    async with a_house(folder, upstreams=services, **house) as (opened, service):
        yield Two(opened, service, others[0])


async def test_a_named_model_that_is_out_is_asked_about_and_what_its_person_takes_is_made_and_reserved(
    tmp_path: Path,
) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        assert (question.model, question.usd_micros, question.can_wait) == ("gong", 600_000, True)
        assert (await town.house.spent(), town.house.surface.questions) == ((0, 400_000), [question])
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.USED
        assert await town.house.spent() == (0, 600_000)
        record = await town.ended(job, playing)
        assert (record.job.state, record.job.paid_usd_micros) == (JobState.DELIVERED, 600_000)
        assert (len(town.other.accepted), town.first.accepted) == (1, [])
        assert await town.house.spent() == (600_000, 0)


async def test_the_same_model_elsewhere_goes_by_itself_if_it_is_not_dearer_and_is_told_once(tmp_path: Path) -> None:
    async with two(tmp_path, a_model(usd_micros_per_s=90_000)) as town:
        town.first.before.append(QuotaExhausted("empty"))
        record = await town.house.play(await town.named())
        assert (record.job.state, record.questions) == (JobState.DELIVERED, ())
        [moved] = town.house.surface.moves
        assert (moved.from_label, moved.to_label, moved.error_kind) == ("Scripted", "Other", "quota")
        assert (moved.usd_micros_before, moved.usd_micros) == (400_000, 360_000)
        assert await town.house.spent() == (360_000, 0)


async def test_the_same_model_elsewhere_that_is_dearer_is_asked_about(tmp_path: Path) -> None:
    async with two(tmp_path, a_model(usd_micros_per_s=110_000), GONG) as town:
        town.first.before.append(QuotaExhausted("empty"))
        playing, question = await town.asked(job := await town.named())
        assert (question.model, question.upstream, question.usd_micros) == ("wave-1", "other", 440_000)
        assert await town.answers(question, AnswerWord.STOP) is AnswerOutcome.STOPPED
        record = await town.ended(job, playing)
        assert (record.job.state, town.other.accepted, town.first.accepted) == (JobState.CANCELLED, [], [])
        assert await town.house.spent() == (0, 0)


async def test_told_to_wait_it_waits_unasked_until_its_service_is_back(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        assert await town.answers(question, AnswerWord.WAIT) is AnswerOutcome.WAITS
        record = await town.ended(job, playing, within_s=3600)
        assert (record.job.state, len(record.questions)) == (JobState.DELIVERED, 1)
        assert (len(town.first.accepted), town.other.accepted) == (1, [])
        assert await town.house.spent() == (400_000, 0)


async def test_a_service_that_is_back_while_it_is_asked_just_goes_on_and_the_question_closes(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        town.first.before += [Unreachable("still")] * 2
        playing, question = await town.asked(job)
        record = await town.ended(job, playing, within_s=3600)
        assert record.job.state is JobState.DELIVERED
        assert record.questions[0].answer is AnswerWord.BACK
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.SETTLED
        assert (town.other.accepted, await town.house.spent()) == ([], (400_000, 0))


async def test_without_an_answer_it_stops_in_time_says_so_and_costs_nothing(tmp_path: Path) -> None:
    assert Patience().answer_within == timedelta(hours=24)
    async with two(tmp_path, patience=Patience(answer_within=timedelta(minutes=20))) as town:
        town.first.before.append(Retired("shut down"))
        job = await town.named()
        playing, question = await town.asked(job)
        assert not question.can_wait
        record = await town.ended(job, playing, within_s=3600)
        assert (record.job.failure, record.questions[0].answer) == (Failure.NO_ANSWER, AnswerWord.EXPIRED)
        assert (len(town.house.surface.told), town.other.accepted) == (1, [])
        assert await town.house.spent() == (0, 0)
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.SETTLED


@pytest.mark.parametrize("word", [AnswerWord.USE, AnswerWord.WAIT, AnswerWord.STOP])
async def test_only_its_person_or_an_admin_answers_and_only_the_first_word_counts(
    tmp_path: Path, word: AnswerWord
) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        assert await town.answers(question, word, user=BEN) is AnswerOutcome.NOT_YOURS
        answer = await town.house.questions.answer("T2", ANA, question.id, word)
        assert (answer.outcome, answer.question) == (AnswerOutcome.UNKNOWN, None)
        both = await asyncio.gather(*(town.answers(question, word, user=each) for each in (ANA, ADMIN)))
        assert sorted(both).count(AnswerOutcome.SETTLED) == 1
        for each in (AnswerWord.USE, AnswerWord.WAIT, AnswerWord.STOP):
            assert await town.answers(question, each) is AnswerOutcome.SETTLED
        await town.ended(job, playing, within_s=3600)
        assert len(town.first.accepted) + len(town.other.accepted) == (0 if word is AnswerWord.STOP else 1)


async def test_two_answers_in_two_processes_at_once_change_the_reserved_money_once(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        async with two(tmp_path, clock=town.house.clock, restarted=True) as replica:
            both = await asyncio.gather(
                town.answers(question, AnswerWord.USE), replica.answers(question, AnswerWord.STOP)
            )
            assert sorted(both).count(AnswerOutcome.SETTLED) == 1
        record = await town.ended(job, playing)
        stopped = both[1] is AnswerOutcome.STOPPED
        assert record.job.state is (JobState.CANCELLED if stopped else JobState.DELIVERED)
        assert await town.house.spent() == ((0, 0) if stopped else (600_000, 0))


async def test_an_offer_that_is_dearer_by_the_time_it_is_taken_is_asked_anew_and_nothing_is_sent(
    tmp_path: Path,
) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        dearer = a_model("gong", usd_micros_per_s=200_000)
        async with two(tmp_path, dearer, clock=town.house.clock, restarted=True) as new_prices:
            assert await new_prices.answers(question, AnswerWord.USE) is AnswerOutcome.CHANGED
            second = (await town.house.record(job.id)).open_question
            assert second is not None
            assert (second.usd_micros, second.model) == (800_000, "gong")
            assert (await town.house.spent(), town.other.accepted) == ((0, 400_000), [])
            assert await new_prices.answers(question, AnswerWord.USE) is AnswerOutcome.SETTLED
        assert await town.answers(second, AnswerWord.STOP) is AnswerOutcome.STOPPED
        assert (await town.ended(job, playing)).job.state is JobState.CANCELLED


async def test_an_offer_that_is_out_itself_by_the_time_it_is_taken_is_said_to_be_gone(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        await town.out("other")
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.GONE
        record = await town.house.record(job.id)
        assert (record.open_question, record.questions[0].answer) == (None, AnswerWord.CHANGED)
        assert await town.house.spent() == (0, 400_000)
        assert (await town.house.service.cancel(TEAM, ANA, job.id)).outcome.value == "cancelled"
        await town.ended(job, playing)


async def test_what_a_limit_does_not_take_is_not_taken_and_the_question_stays(tmp_path: Path) -> None:
    tight = (Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=500_000, clips=1),)
    async with two(tmp_path, limits=tight) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.OVER_LIMIT
        assert (await town.house.record(job.id)).open_question == question
        assert await town.house.spent() == (0, 400_000)
        assert await town.answers(question, AnswerWord.STOP) is AnswerOutcome.STOPPED
        await town.ended(job, playing)


async def test_a_last_clip_and_the_money_already_reserved_do_not_stand_in_the_way_of_an_answer(tmp_path: Path) -> None:
    tight = (Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=600_000, clips=1),)
    async with two(tmp_path, limits=tight) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.USED
        assert (await town.ended(job, playing)).job.paid_usd_micros == 600_000


async def test_a_cheaper_offer_frees_what_it_does_not_need(tmp_path: Path) -> None:
    async with two(tmp_path, a_model("gong", usd_micros_per_s=50_000)) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.USED
        assert await town.house.spent() == (0, 200_000)
        await town.ended(job, playing)
        assert await town.house.spent() == (200_000, 0)


async def test_a_length_that_the_offer_does_not_have_is_said_before_and_after(tmp_path: Path) -> None:
    async with two(tmp_path, replace(GONG, lengths_s=(6,))) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        assert (question.length_s, question.usd_micros) == (6, 900_000)
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.USED
        record = await town.ended(job, playing)
        assert record.attempts[0].note == "You asked 4 s; this model makes 6 s"
        assert town.other.accepted[0].request.length_s == 6


async def test_a_refusal_is_neither_moved_nor_asked_about(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        town.first.statuses.append(RenderStatus(state=RenderState.FAILED, failure=Moderated("names a film")))
        record = await town.house.play(await town.named())
        assert (record.job.failure, record.questions, town.other.accepted) == (Failure.REFUSED, (), [])


async def test_auto_stays_within_the_price_and_asks_before_it_passes_it(tmp_path: Path) -> None:
    async with two(tmp_path, a_model("gong", usd_micros_per_s=300_000)) as town:
        town.first.before.append(QuotaExhausted("empty"))
        job = await town.house.accepted(length_s=4)
        assert job.held_usd_micros == 400_000
        playing, question = await town.asked(job)
        assert (question.usd_micros, town.other.accepted) == (1_200_000, [])
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.USED
        assert (await town.ended(job, playing)).job.paid_usd_micros == 1_200_000


async def test_a_service_that_has_hardly_been_out_is_not_asked_about(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out(kind=CapacityFailed.kind)
        record = await town.house.play(job)
        assert (record.job.state, record.questions) == (JobState.DELIVERED, ())


async def test_trying_its_service_again_and_again_does_not_put_the_question_off(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        town.first.before += [Unreachable("away")] * 50
        playing, question = await town.asked(await town.named(), within_s=130)
        assert question.can_wait
        assert await town.answers(question, AnswerWord.STOP) is AnswerOutcome.STOPPED
        await town.house.clock.finish(playing, within_s=60)


async def test_where_there_is_nothing_else_nobody_is_asked(tmp_path: Path) -> None:
    async with two(tmp_path, a_model("gong", wire_name=None)) as town:
        await town.out()
        record = await town.house.play(await town.named(), within_s=3600)
        assert (record.job.state, record.questions) == (JobState.DELIVERED, ())


async def test_by_configuration_a_video_is_sent_although_every_service_is_out(tmp_path: Path) -> None:
    tries = Routing(when_all_down=WhenAllDown.TRY)
    async with two(tmp_path, routing=tries) as town:
        await town.out()
        await town.out("other")
        begun = town.house.clock.now()
        record = await town.house.play(await town.named())
        assert (record.job.state, len(town.first.accepted)) == (JobState.DELIVERED, 1)
        assert record.attempts[0].intent_at - begun < timedelta(seconds=5)


async def test_a_cancelled_video_needs_no_answer_any_more(tmp_path: Path) -> None:
    async with two(tmp_path) as town:
        job = await town.named()
        await town.out()
        playing, question = await town.asked(job)
        await town.house.service.cancel(TEAM, ANA, job.id)
        record = await town.ended(job, playing)
        assert await town.answers(question, AnswerWord.USE) is AnswerOutcome.SETTLED
        assert (record.job.state, town.other.accepted, await town.house.spent()) == (JobState.CANCELLED, [], (0, 0))
