"""Names of models that have ended: understood, explained, and what makes such videos now is a click away."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from house import ANA, CHANNEL, TEAM
from scripted_service import ScriptedService, a_model, an_upstream
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model, ModelClass
from bot.jobs.ended import ended_model, only_ended
from bot.jobs.model import Place
from bot.jobs.offers import Offers
from bot.jobs.wish import Problem, Wish
from bot.upstreams.circuit import Circuit
from bot.upstreams.registry import Registry

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KNOWN = load_catalogue().models


def a_wish(model: str, prompt: str = "a corgi surfing at sunset") -> Wish:
    return Wish(team_id=TEAM, user_id=ANA, place=Place(slack_channel_id=CHANNEL), prompt=prompt, model=model)


class WellServices:
    async def circuits(self) -> Mapping[str, Circuit]:
        return {}


def offers(*models: Model, known: tuple[Model, ...] = KNOWN) -> Offers:
    return offers_and_clock(*models, known=known)[0]


def offers_and_clock(*models: Model, known: tuple[Model, ...] = KNOWN) -> tuple[Offers, VirtualClock]:
    clock = VirtualClock(NOW)
    service = ScriptedService(clock=clock, film=None)  # type: ignore[arg-type]
    registry = Registry((an_upstream(service, "harbour", models=models),))
    desk = Offers(
        registry=registry,
        book=None,  # type: ignore[arg-type]  # limits are not asked for a price
        healths=WellServices(),  # type: ignore[arg-type]
        clock=clock,
        catalogue_version="test",
        known=known,
    )
    return desk, clock


FAST, BEST = a_model("wave"), a_model("tide", model_class=ModelClass.PRO, usd_micros_per_s=300_000)


@pytest.mark.parametrize(
    ("typed", "ended", "heir", "model_class"),
    [
        ("sora-2", "Sora 2 ended at OpenAI on 2026-09-24", "wave", ModelClass.FAST),
        ("SORA", "Sora 2 ended at OpenAI on 2026-09-24", "wave", ModelClass.FAST),
        ("sora-2-pro", "Sora 2 Pro ended at OpenAI on 2026-09-24", "tide", ModelClass.PRO),
        ("veo-3.1", "Veo 3.1 ended at Google on 2026-10-22", "tide", ModelClass.PRO),
        ("veo", "Veo 3.1 ended at Google on 2026-10-22", "tide", ModelClass.PRO),
        ("veo-3.1-fast", "Veo 3.1 Fast ended at Google on 2026-10-22", "wave", ModelClass.FAST),
    ],
)
async def test_the_end_and_what_makes_such_videos_now_are_said(
    typed: str, ended: str, heir: str, model_class: ModelClass
) -> None:
    offer = await offers(FAST, BEST).priced(a_wish(model=typed))
    (complaint,) = offer.complaints
    label = {"wave": FAST.label, "tide": BEST.label}[heir]
    assert (complaint.problem, complaint.model_label) == (Problem.MODEL_RETIRED, ended)
    assert complaint.suggestion.startswith(f"{label} at ")
    assert (offer.model_name, offer.model_class) == (None, model_class)
    assert offer.usd_micros > 0
    assert only_ended(offer)


async def test_what_a_configured_service_has_by_that_name_is_used() -> None:
    offer = await offers(FAST, a_model("sora-2")).priced(a_wish(model="sora-2"))
    assert (offer.complaints, offer.model_name) == ((), "sora-2")


async def test_something_else_that_is_wrong_is_said_too_and_no_click_starts_it() -> None:
    offer = await offers(FAST).priced(a_wish(model="sora-2", prompt=""))
    assert {each.problem for each in offer.complaints} == {Problem.MODEL_RETIRED, Problem.PROMPT_EMPTY}
    assert not only_ended(offer)


async def test_where_nothing_else_can_make_it_no_heir_is_promised() -> None:
    later = a_model("sora-2", retires_at=NOW - timedelta(days=1))
    offer = await offers(later).priced(a_wish(model="sora-2"))
    assert offer.complaints[0].suggestion == ""
    assert not only_ended(offer)


async def test_a_name_that_nobody_ever_had_is_unknown() -> None:
    offer = await offers(FAST).priced(a_wish(model="sorry-9"))
    assert [each.problem for each in offer.complaints] == [Problem.MODEL_UNKNOWN]
    assert [each.problem for each in (await offers(FAST, known=()).priced(a_wish(model="sora-2"))).complaints] == [
        Problem.MODEL_UNKNOWN
    ]


async def test_a_model_is_in_the_pickers_until_its_hour_and_makes_nothing_from_then_on() -> None:
    ending = a_model("dusk", retires_at=NOW + timedelta(hours=1))
    desk, clock = offers_and_clock(FAST, ending)
    assert [each.model.name for each in desk.choices()] == ["dusk", "wave"]
    assert (await desk.priced(a_wish("dusk"))).complaints == ()
    await clock.advance(timedelta(minutes=59, seconds=59).total_seconds())
    assert [each.model.name for each in desk.choices()] == ["dusk", "wave"]
    await clock.advance(1)
    assert [each.model.name for each in desk.choices()] == ["wave"]
    assert [each.problem for each in (await desk.priced(a_wish("dusk"))).complaints] == [Problem.MODEL_RETIRED]


async def test_a_price_holds_from_its_first_day_on() -> None:
    dearer = replace(
        FAST.price, usd_micros=dict.fromkeys(FAST.price.usd_micros, 250_000), since=NOW + timedelta(days=1)
    )
    desk, clock = offers_and_clock(replace(FAST, next_price=dearer))
    before = (await desk.priced(a_wish("wave"))).usd_micros
    await clock.advance(timedelta(days=1).total_seconds())
    assert (await desk.priced(a_wish("wave"))).usd_micros == before * 2.5


async def test_before_its_price_begins_a_model_is_not_sold() -> None:
    later = replace(FAST.price, since=NOW + timedelta(days=1))
    desk, clock = offers_and_clock(replace(FAST, price=later))
    assert desk.choices() == ()
    (complaint,) = (await desk.priced(a_wish("wave"))).complaints
    assert "is not sold before 2026-11-22" in complaint.allowed[0]
    await clock.advance(timedelta(days=1).total_seconds())
    assert len(desk.choices()) == 1


def test_what_is_not_over_yet_has_not_ended() -> None:
    coming = a_model("dusk", retires_at=NOW + timedelta(days=1))
    assert ended_model("dusk", lambda _: None, [coming], NOW) is None
    assert ended_model("dusk", lambda _: None, [coming], NOW + timedelta(days=1)) is coming
