"""What `/sora status` is told about one service."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scripted_service import ScriptedService, a_model, an_upstream
from virtual_clock import VirtualClock

from bot.jobs.service_standing import service_standing
from bot.upstreams.bands import Band
from bot.upstreams.checks import Check, Source
from bot.upstreams.circuit import Circuit, CircuitState
from bot.upstreams.health import HealthState
from bot.upstreams.incidents import Incident
from bot.upstreams.pages import PageReport, PageSeen, PageState
from bot.upstreams.past import NOTHING, RenderTimes, ServicePast

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BEFORE = NOW - timedelta(minutes=20)
FAL = an_upstream(
    ScriptedService(VirtualClock(), Path()),
    "fal",
    models=(a_model("wan", typical_s=120), a_model("kling", typical_s=300, slow_s=600)),
)
WELL = Circuit(since=BEFORE)
OUT = Circuit(since=BEFORE, state=CircuitState.OPEN, strikes=3, reason="capacity", retry_at=NOW)


def page(state: PageState, words: str = "") -> PageSeen:
    return PageSeen(report=PageReport(state=state, words=words), since=BEFORE, seen_at=NOW)


def test_a_service_nobody_knows_anything_of_says_so_and_gives_no_figures() -> None:
    found = service_standing(FAL, {}, NOTHING, NOW)
    assert (found.name, found.state, found.slow, found.page_words, found.incidents) == ("fal", "unknown", None, "", ())
    assert found.uptime == {"1 h": None, "24 h": None, "30 d": None, "90 d": None}
    assert found.typical == timedelta(seconds=120)
    assert [(each.label, each.state, each.half_done) for each in found.model_standings] == [
        ("Wan", "unknown", None),
        ("Kling", "unknown", None),
    ]


def test_how_long_a_video_takes_is_learned_and_a_few_are_not_enough() -> None:
    learned = RenderTimes(videos=50, half_s=40, most_s=90)
    guessed = RenderTimes(videos=2, half_s=5, most_s=6)
    found = service_standing(FAL, {}, ServicePast(times={"wan": learned, "kling": guessed}), NOW)
    assert (found.typical, found.slow) == (timedelta(seconds=40), timedelta(seconds=90))
    few = service_standing(FAL, {}, ServicePast(times={"wan": guessed}), NOW)
    assert (few.typical, few.slow) == (timedelta(seconds=120), None)
    assert few.model_standings[0].videos == 2


def test_one_model_that_is_out_is_named_and_when_all_are_the_service_is_out() -> None:
    one = service_standing(FAL, {"fal": WELL, "fal/wan": OUT}, NOTHING, NOW)
    assert one.state == "degraded"
    assert "Wan" in one.meaning
    assert "Kling" not in one.meaning
    both = service_standing(FAL, {"fal": WELL, "fal/wan": OUT, "fal/kling": OUT}, NOTHING, NOW)
    assert (both.state, both.retry_at, both.since) == ("suspended", NOW, BEFORE)


def test_page_and_measurement_that_disagree_are_both_told() -> None:
    green = service_standing(FAL, {"fal": OUT}, ServicePast(page=page(PageState.FINE)), NOW)
    assert green.state == "suspended"
    assert "all is well" in green.page_words
    red = service_standing(FAL, {"fal": WELL}, ServicePast(page=page(PageState.OUTAGE, "API down")), NOW)
    assert red.state == "operational"
    assert "our videos get through" in red.page_words


def test_announced_maintenance_is_a_state_while_nothing_worse_is_seen() -> None:
    past = ServicePast(page=page(PageState.MAINTENANCE, "New racks"))
    assert service_standing(FAL, {"fal": WELL}, past, NOW).state == "maintenance"
    assert service_standing(FAL, {"fal": OUT}, past, NOW).state == "suspended"


def test_a_service_that_turns_most_prompts_down_says_so_and_how_long_that_lasted_before() -> None:
    earlier = Incident(
        id=1,
        upstream="fal",
        state=HealthState.RISK_CONTROL,
        cause="moderation",
        started_at=BEFORE,
        ended_at=BEFORE + timedelta(minutes=7),
        last_changed_at=NOW,
    )
    refusing = Circuit(since=BEFORE, band=Band.RISK_CONTROL)
    look = Check(upstream="fal", at=BEFORE, source=Source.CHECK, status="ok", response_ms=85)
    past = ServicePast(first_seen=NOW - timedelta(days=2), incidents=(earlier,), last_look=look)
    found = service_standing(FAL, {"fal": refusing}, past, NOW)
    assert (found.state, found.lasted_before) == ("risk_control", timedelta(minutes=7))
    assert (found.looked_at, found.response_ms, found.incidents) == (BEFORE, 85, (earlier,))
    assert found.uptime == {"1 h": 1.0, "24 h": 1.0, "30 d": None, "90 d": None}
