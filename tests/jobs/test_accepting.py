"""From a wish to a job: one commit, one job per envelope, limits that nobody passes together."""

import asyncio
from pathlib import Path

import pytest
from house import ANA, BEN, CHANNEL, TEAM, a_house
from scripted_service import ScriptedService, a_model, an_upstream

from bot.catalogue.model import Audio, Shape
from bot.jobs.answers import Accepted, NotPossible, OverBudget, PriceToConfirm, QueueFull, SameAgain
from bot.jobs.model import JobState, Place
from bot.jobs.wish import Problem, Wish
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.upstreams.registry import Upstream

TEN_CLIPS = (Limit(scope=ScopeKind.WORKSPACE, span=Span.DAY, clips=10),)
TEN_TIMES = (Limit(scope=ScopeKind.WORKSPACE, span=Span.DAY, usd_micros=4_000_000),)


def a_wish(prompt: str = "a corgi surfing at sunset", **choices: object) -> Wish:
    return Wish(team_id=TEAM, user_id=ANA, place=Place(slack_channel_id=CHANNEL), prompt=prompt, **choices)  # type: ignore[arg-type]


@pytest.mark.parametrize("limits", [TEN_CLIPS, TEN_TIMES])
async def test_forty_orders_at_once_against_a_limit_of_ten_are_exactly_ten(
    tmp_path: Path, limits: tuple[Limit, ...]
) -> None:
    async with a_house(tmp_path, limits=limits) as (house, _):
        answers = await asyncio.gather(
            *(house.ask(f"wave {number}", user=f"U{number}", length_s=4) for number in range(40))
        )
        accepted = [each for each in answers if isinstance(each, Accepted)]
        assert (len(accepted), sum(isinstance(each, OverBudget) for each in answers)) == (10, 30)
        assert sorted(each.job.number for each in accepted) == list(range(1, 11))
        assert len(house.enqueued) == 10
        assert await house.ledger_is_exact()


async def test_the_same_envelope_is_one_job_however_often_it_comes(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, _):
        answers = await asyncio.gather(*(house.ask(key="trigger-1") for _ in range(8)))
        assert {each.job.id for each in answers} == {answers[0].job.id}
        assert [each.fresh for each in answers].count(True) == 1
        assert (await house.spent(), len(house.enqueued)) == ((0, answers[0].job.held_usd_micros), 1)


async def test_the_same_prompt_within_two_minutes_asks_first(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, _):
        first = await house.service.ask(a_wish(), order_key="k1")
        again = await house.service.ask(a_wish(), order_key="k2")
        other_place = await house.service.ask(
            Wish(team_id=TEAM, user_id=ANA, place=Place(slack_channel_id="C2"), prompt="a corgi surfing at sunset"),
            order_key="k3",
        )
        assert isinstance(first, Accepted)
        assert isinstance(again, SameAgain)
        assert again.earlier.id == first.job.id
        assert isinstance(other_place, Accepted)
        meant = await house.service.ask(a_wish(), order_key="k4", again_confirmed=True)
        assert isinstance(meant, Accepted)
        await house.clock.advance(121)
        assert isinstance(await house.service.ask(a_wish(), order_key="k5"), Accepted)


async def test_above_the_line_the_price_is_shown_and_one_click_starts_it(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, _):
        dear = await house.service.ask(a_wish(length_s=12), order_key="k1")
        assert isinstance(dear, PriceToConfirm)
        assert (dear.offer.usd_micros, house.enqueued) == (1_200_000, [])
        started = await house.service.ask(a_wish(length_s=12), order_key="k2", price_confirmed_usd_micros=1_200_000)
        assert isinstance(started, Accepted)
        stale = await house.service.ask(a_wish(length_s=12), order_key="k3", price_confirmed_usd_micros=900_000)
        assert isinstance(stale, PriceToConfirm)


async def test_a_person_has_three_running_and_ten_waiting(tmp_path: Path) -> None:
    limits = (Limit(scope=ScopeKind.WORKSPACE, span=Span.DAY, clips=1000),)
    async with a_house(tmp_path, limits=limits) as (house, _):
        answers = [await house.ask(f"wave {number}") for number in range(14)]
        assert [each.queue_place for each in answers[:-1]] == [0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        assert isinstance(answers[-1], QueueFull)
        assert isinstance(await house.ask("another person's", user=BEN), Accepted)


async def test_over_budget_says_which_limit_and_offers_what_fits(tmp_path: Path) -> None:
    limits = (Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=1_000_000),)
    async with a_house(tmp_path, limits=limits) as (house, _):
        answer = await house.ask(length_s=12)
        assert isinstance(answer, OverBudget)
        assert (answer.standing.scope, answer.standing.period, answer.standing.usd_micros_max) == (
            "person",
            "day",
            1_000_000,
        )
        assert answer.cheaper is not None
        assert (answer.cheaper.length_s, answer.cheaper.usd_micros) == (4, 400_000)
        assert (await house.spent(), house.enqueued) == ((0, 0), [])


@pytest.mark.parametrize(
    ("choices", "problem", "allowed"),
    [
        ({"model": "wave-1", "length_s": 10}, Problem.LENGTH, ("4 s", "8 s", "12 s")),
        ({"model": "wave-1", "shape": Shape.SQUARE}, Problem.SHAPE, ("wide", "vertical")),
        ({"model": "wave-1", "resolution": "4k"}, Problem.RESOLUTION, ("720p",)),
        ({"model": "wave-1", "audio": False}, Problem.AUDIO, ("on",)),
        ({"model": "wave-1", "seed": 7}, Problem.SEED, ()),
        ({"model": "wavy-1"}, Problem.MODEL_UNKNOWN, ("wave-1",)),
        ({"prompt": "   "}, Problem.PROMPT_EMPTY, ()),
        ({"prompt": "x" * 2001}, Problem.PROMPT_TOO_LONG, ("2,000",)),
    ],
)
async def test_what_a_model_does_not_have_is_said_with_what_it_has(
    tmp_path: Path, choices: dict[str, object], problem: Problem, allowed: tuple[str, ...]
) -> None:
    async with a_house(tmp_path) as (house, _):
        answer = await house.service.ask(a_wish(**{"prompt": "a wave"} | choices), order_key="k1")  # type: ignore[arg-type]
        assert isinstance(answer, NotPossible)
        assert [(each.problem, each.allowed) for each in answer.offer.complaints] == [(problem, allowed)]
        assert house.enqueued == []


async def test_auto_takes_the_nearest_length_and_says_so_on_the_card(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, service):
        record = await house.play(await house.accepted(length_s=10))
        assert (service.accepted[0].request.length_s, record.attempts[0].note) == (
            8,
            "You asked 10 s; this model makes 8 s",
        )


async def test_an_unnamed_prompt_goes_to_a_model_that_takes_its_length_uncut(tmp_path: Path) -> None:
    roomy = a_model("roomy-1", prompt_limit=5000)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, models=(a_model(), roomy)),)) as (
        house,
        service,
    ):
        prompt = "x" * 4000
        record = await house.play(await house.accepted(prompt))
        assert (record.job.state, service.accepted[0].request.prompt) == (JobState.DELIVERED, prompt)


async def test_everybody_who_may_get_the_prompt_within_the_price_is_named_and_nobody_else(tmp_path: Path) -> None:
    def upstreams(one: ScriptedService) -> tuple[Upstream, ...]:
        return (
            an_upstream(one, "first", models=(a_model("a", receives="Anna"),)),
            an_upstream(one, "second", models=(a_model("b", receives="Bert"),), priority=-1),
            an_upstream(one, "dear", models=(a_model("c", receives="Cora", usd_micros_per_s=900_000),), priority=-2),
        )

    async with a_house(tmp_path, upstreams=upstreams) as (house, _):
        assert (await house.service.offer(a_wish())).receives == "Anna, or Bert"
        assert (await house.service.offer(a_wish(model="b"))).receives == "Bert"
        assert (await house.service.offer(a_wish(model="b", length_s=5))).receives == ""


async def test_a_model_that_ended_is_still_understood_by_name(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    ended = a_model("sora-2", retires_at=datetime(2026, 9, 24, tzinfo=UTC), audio=Audio.ALWAYS)
    async with a_house(tmp_path, upstreams=lambda one: (an_upstream(one, models=(a_model(), ended)),)) as (house, _):
        answer = await house.service.ask(a_wish(model="Sora-2"), order_key="k1")
        assert isinstance(answer, NotPossible)
        assert answer.offer.complaints[0].problem is Problem.MODEL_RETIRED
        assert "2026-09-24" in answer.offer.complaints[0].model_label


async def test_nobody_cancels_or_removes_somebody_elses_video(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (house, _):
        job = await house.accepted()
        assert (await house.service.cancel(TEAM, BEN, job.id)).outcome == "not_yours"
        assert (await house.service.remove(TEAM, BEN, job.id)).outcome == "not_yours"
        assert (await house.service.cancel("T2", ANA, job.id)).outcome == "unknown"
        assert (await house.record(job.id)).job.cancel_requested_at is None
