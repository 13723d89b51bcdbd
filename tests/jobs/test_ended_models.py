"""Names of models that have ended: understood, explained, and what makes such videos now is a click away."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from house import ANA, CHANNEL, TEAM
from scripted_service import ScriptedService, a_model, an_upstream
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model, ModelClass
from bot.jobs.answers import Problem, Wish
from bot.jobs.ended import ended_model, only_ended
from bot.jobs.model import Place
from bot.jobs.offers import Offers
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
    clock = VirtualClock(NOW)
    service = ScriptedService(clock=clock, film=None)  # type: ignore[arg-type]
    registry = Registry((an_upstream(service, "harbour", models=models),))
    return Offers(
        registry=registry,
        book=None,  # type: ignore[arg-type]  # limits are not asked for a price
        healths=WellServices(),  # type: ignore[arg-type]
        clock=clock,
        catalogue_version="test",
        known=known,
    )


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


def test_what_is_not_over_yet_has_not_ended() -> None:
    coming = a_model("dusk", retires_at=NOW + timedelta(days=1))
    assert ended_model("dusk", lambda _: None, [coming], NOW) is None
    assert ended_model("dusk", lambda _: None, [coming], NOW + timedelta(days=1)) is coming
