"""A service's list beside our attempts: each difference is found, and only differences are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.jobs.attempt import AttemptState
from bot.jobs.reconcile import OurRender, reconciled
from bot.providers.base import FoundRender, RenderRef

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OURS = OurRender(
    attempt_id="a1",
    number=142,
    wire_name="wave-1",
    render_id="r1",
    state=AttemptState.SUCCEEDED,
    intent_at=NOW - timedelta(hours=2),
    submitted_at=NOW - timedelta(hours=2),
    usd_micros=800_000,
    booked_usd_micros=800_000,
    cost_usd_micros=None,
)
LOST = replace(OURS, attempt_id="a2", render_id=None, submitted_at=None, state=AttemptState.INTENT)


def listed(render_id: str, key: str = "") -> FoundRender:
    return FoundRender(ref=RenderRef(render_id=render_id), created_at=NOW - timedelta(hours=2), client_key=key)


def compare(ours, found, known=("r1",)):
    return reconciled(ours, found, known=known, now=NOW, listing_lag_s=60)


def test_a_list_of_ours_alone_agrees() -> None:
    result = compare([OURS], [listed("r1")])
    assert (result.agrees, result.listed, result.booked_usd_micros) == (True, 1, 800_000)


def test_what_no_attempt_has_is_somebody_elses_and_what_an_older_one_has_is_not() -> None:
    result = compare([OURS], [listed("r1"), listed("r0"), listed("r9")], known=("r1", "r0"))
    assert [each.ref.render_id for each in result.foreign] == ["r9"]
    assert not result.agrees


def test_a_lost_submit_is_recognised_by_our_own_key() -> None:
    result = compare([OURS, LOST], [listed("r1"), listed("r2", key="a2")])
    assert [(one.attempt_id, there.ref.render_id) for one, there in result.arrived] == [("a2", "r2")]
    assert (result.foreign, result.open, result.agrees) == ((), (), False)
    assert compare([OURS, LOST], [listed("r1")]).open == (LOST,)


@pytest.mark.parametrize(
    ("change", "is_missing"),
    [
        ({}, True),
        ({"state": AttemptState.SUBMITTED}, True),
        ({"state": AttemptState.CANCELLED}, False),
        ({"state": AttemptState.FAILED}, False),
        ({"submitted_at": NOW - timedelta(seconds=59)}, False),
        ({"submitted_at": NOW - timedelta(seconds=61)}, True),
    ],
)
def test_ours_that_is_not_listed_is_missing_once_it_should_be_there(
    change: dict[str, object], is_missing: bool
) -> None:
    assert bool(compare([replace(OURS, **change)], []).missing) is is_missing


@pytest.mark.parametrize(("cost", "is_off"), [(800_000, False), (840_000, False), (840_001, True), (700_000, True)])
def test_a_cost_more_than_a_twentieth_off_is_shown(cost: int, is_off: bool) -> None:
    result = compare([replace(OURS, cost_usd_micros=cost)], [listed("r1")])
    assert (bool(result.costlier), len(result.reported)) == (is_off, 1)


def test_without_a_list_nothing_is_missing_and_doubts_and_costs_are_still_said() -> None:
    result = compare([replace(OURS, cost_usd_micros=1), LOST], None)
    assert (result.listed, result.missing, len(result.open), len(result.costlier)) == (None, (), 1, 1)
