from datetime import UTC, datetime, timedelta

import pytest

from bot.upstreams.checks import BACK, OUT, Check, Source
from bot.upstreams.health import HealthState
from bot.upstreams.incidents import Incident
from bot.upstreams.past import ServicePast, lasted_before, render_times, stretches, uptime

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


def turn(status: str, minutes_ago: float, *, model: str = "") -> Check:
    at = NOW - timedelta(minutes=minutes_ago)
    return Check(upstream="fal", model=model, at=at, source=Source.CIRCUIT, status=status)


def past(*turns: Check, known_for: timedelta = timedelta(days=200)) -> ServicePast:
    return ServicePast(first_seen=NOW - known_for, outs=stretches(turns))


def up(found: ServicePast, *models: str, window: timedelta = HOUR) -> float | None:
    return uptime(found, frozenset(models), window=window, now=NOW)


def test_a_quarter_of_an_hour_out_is_three_quarters_up_and_little_of_a_day() -> None:
    found = past(turn(OUT, 30), turn(BACK, 15))
    assert up(found, "wan") == pytest.approx(0.75)
    assert up(found, "wan", window=DAY) == pytest.approx(1 - 0.25 / 24)


def test_an_outage_that_goes_on_counts_until_now_and_one_from_before_the_window_only_inside_it() -> None:
    assert up(past(turn(OUT, 30))) == pytest.approx(0.5)
    assert up(past(turn(OUT, 90), turn(BACK, 45))) == pytest.approx(0.75)
    assert up(past(turn(OUT, 900), turn(BACK, 800))) == 1.0


def test_short_history_counts_as_far_as_it_goes_and_none_is_no_figure() -> None:
    assert up(past(turn(OUT, 5), known_for=timedelta(minutes=10)), window=DAY) == pytest.approx(0.5)
    assert up(ServicePast()) is None


def test_a_service_is_out_when_all_its_models_are() -> None:
    found = past(turn(OUT, 30, model="wan"), turn(OUT, 15, model="kling"))
    assert up(found, "wan", "kling", "veo") == 1.0
    assert up(found, "wan", "kling") == pytest.approx(0.75)
    assert up(found, "wan") == pytest.approx(0.5)
    assert up(found) == 1.0


def test_clocks_minutes_apart_make_an_outage_short_and_never_negative() -> None:
    assert up(past(turn(OUT, 10), turn(BACK, 15))) == 1.0
    assert up(past(turn(BACK, 20), turn(OUT, 10), turn(OUT, 5), turn(BACK, 5), turn(BACK, 2))) == pytest.approx(11 / 12)


def test_half_and_nine_of_ten_of_the_latest_videos() -> None:
    assert render_times([]) is None
    one = render_times([60.0])
    many = render_times([float(each) for each in range(1, 101)])
    assert one is not None
    assert many is not None
    assert (one.half_s, one.most_s, one.is_learned) == (60.0, 60.0, False)
    assert (many.half_s, round(many.most_s), many.is_learned) == (50.5, 90, True)


def test_how_long_such_a_state_lasted_here_before() -> None:
    def incident(
        minutes: float | None, state: HealthState = HealthState.SUSPENDED, *, removed: bool = False
    ) -> Incident:
        ended = None if minutes is None else NOW + timedelta(minutes=minutes)
        return Incident(
            id=1,
            upstream="fal",
            state=state,
            cause="capacity",
            started_at=NOW,
            ended_at=ended,
            last_changed_at=NOW,
            removed=removed,
        )

    found = ServicePast(
        incidents=(
            incident(None),
            incident(10),
            incident(30),
            incident(20),
            incident(900, removed=True),
            incident(1, HealthState.DEGRADED),
        )
    )
    assert lasted_before(found, HealthState.SUSPENDED) == timedelta(minutes=20)
    assert lasted_before(found, HealthState.RISK_CONTROL) is None
