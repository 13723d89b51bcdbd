"""When to look again: always once more, inside the bounds, sooner where an end is likely, and never fooled for long."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.jobs.forecast import LEARNS_FROM, PERCENTILE_NEEDS, EndTimes, expected, learned
from bot.jobs.progress import Sightings
from bot.jobs.schedule import (
    Bounds,
    first_pause_s,
    is_stuck,
    luck_of,
    overdue_pause_s,
    pause_s,
)
from tests.bench.watcher import after, fixed_loop, honest, lognormal, ours, raced

BOUNDS = Bounds(least_s=2.0, most_s=30.0)
PRIOR = expected(typical_s=210, slow_s=330)
NONE = Sightings()

seconds = st.floats(0.5, 5000)
lucks = st.floats(0, 1, exclude_max=True)
priors = st.builds(
    lambda typical_s, factor: expected(typical_s=typical_s, slow_s=typical_s * factor), seconds, st.floats(1, 10)
)
forecasts = st.builds(learned, priors, st.lists(st.floats(0.1, 9000), max_size=150))
figures = st.none() | st.floats(-1, 2) | st.just(math.nan) | st.just(math.inf) | st.sampled_from([0.0, 0.5, 0.99, 1.0])
looks = st.lists(st.tuples(st.floats(0.1, 120), figures, st.booleans()), max_size=12)
bounds_of = st.builds(
    lambda least, more: Bounds(least_s=least, most_s=least + more), st.floats(0.2, 20), st.floats(0, 60)
)


def told(history: list[tuple[float, float | None, bool]]) -> tuple[Sightings, float]:
    sightings, at_s = NONE, 2.0
    for passed_s, progress, queued in history:
        at_s += passed_s
        sightings = sightings.seen(at_s, progress, queued=queued)
    return sightings, at_s


@given(forecasts, looks, bounds_of, lucks)
def test_there_is_always_another_look_and_it_keeps_the_services_bounds(
    times: EndTimes, history: list[tuple[float, float | None, bool]], bounds: Bounds, luck: float
) -> None:
    sightings, at_s = told(history)
    pause = pause_s(times, at_s, bounds=bounds, sightings=sightings, luck=luck)
    nothing_ends_before_s = 0.0 if sightings.reported else (times.first_s or 0.0) - at_s
    assert bounds.least_s <= pause <= max(bounds.most_s, nothing_ends_before_s) + 1e-9


@given(forecasts, st.floats(0, 20_000), st.floats(0.001, 1), lucks)
def test_where_webhooks_tell_a_look_still_comes(times: EndTimes, at_s: float, untold: float, luck: float) -> None:
    pause = pause_s(times, at_s, bounds=BOUNDS, sightings=NONE, untold=untold, luck=luck)
    assert BOUNDS.least_s <= pause <= max(BOUNDS.most_s, 2 * times.usual_s, times.first_s or 0)


@given(forecasts, looks)
def test_a_forecast_only_falls_and_progress_keeps_it_one(
    times: EndTimes, history: list[tuple[float, float | None, bool]]
) -> None:
    sightings, at_s = told(history)
    for each in (times, sightings.sharpen(times, at_s)):
        assert sum(part.weight for part in each.parts) == pytest.approx(1)
        shares = [each.pending(s) for s in (0, 0.1, 1, 5, 30, 100, 300, 1000, 5000, 50_000)]
        assert all(-1e-9 <= later <= sooner + 1e-9 for sooner, later in pairwise(shares))


@given(forecasts, st.floats(0, 20_000), st.sampled_from([1.0, 0.5, 0.005]), lucks)
def test_the_first_look_of_a_process_comes_too(times: EndTimes, at_s: float, untold: float, luck: float) -> None:
    assert 0 <= first_pause_s(times, at_s, bounds=BOUNDS, untold=untold, luck=luck) < math.inf


def test_looks_are_dense_where_ends_are_likely_and_rare_before_and_after() -> None:
    times = learned(PRIOR, [200 + each / 5 for each in range(100)])

    def pause(at_s: float) -> float:
        return pause_s(times, at_s, bounds=Bounds(least_s=0.5, most_s=60), sightings=NONE)

    assert pause(2) > 100
    assert pause(205) < 4
    assert pause(600) > 2 * pause(205)


def test_a_new_render_is_looked_at_once_early_for_refusals() -> None:
    assert 2.0 <= first_pause_s(PRIOR, 0.0, bounds=BOUNDS, untold=1.0, luck=0.3) <= 2.3
    assert first_pause_s(PRIOR, 1.5, bounds=BOUNDS, untold=1.0, luck=0.3) < 0.8


def test_a_thousand_renders_taken_over_are_spread_over_their_pause_and_not_counted_from_the_restart() -> None:
    firsts = sorted(
        first_pause_s(PRIOR, 205.0, bounds=BOUNDS, untold=1 / 201, luck=luck_of(f"a{number}")) for number in range(1000)
    )
    whole = pause_s(PRIOR, 205.0, bounds=BOUNDS, sightings=NONE)
    assert firsts[0] < 0.1
    assert 0.9 * whole < firsts[-1] <= whole
    in_each_tenth = [sum(1 for each in firsts if n <= each / whole * 10 < n + 1) for n in range(10)]
    assert max(in_each_tenth) < 150


def test_a_webhook_that_is_trusted_leaves_out_the_early_look_and_nearly_all_others() -> None:
    assert first_pause_s(PRIOR, 0.0, bounds=BOUNDS, untold=1 / 201, luck=0.5) > PRIOR.usual_s


class TestProgress:
    def seen(self, *figures: tuple[float, float | None]) -> Sightings:
        sightings = NONE
        for at_s, progress in figures:
            sightings = sightings.seen(at_s, progress, queued=False)
        return sightings

    def pause(self, at_s: float, sightings: Sightings) -> float:
        return pause_s(PRIOR, at_s, bounds=BOUNDS, sightings=sightings)

    def test_an_honest_field_says_when_and_the_pause_goes_there(self) -> None:
        honest_pace = self.seen(*[(at_s, at_s / 400) for at_s in (60.0, 120.0, 180.0)])
        assert self.pause(180, honest_pace) > 2 * self.pause(180, NONE)
        nearly = self.seen(*[(at_s, at_s / 100) for at_s in (30.0, 60.0, 90.0)])
        assert self.pause(90, nearly) < self.pause(90, NONE) / 2

    def test_one_that_sits_at_99_percent_from_the_start_changes_nothing(self) -> None:
        lying = self.seen(*[(at_s, 0.99) for at_s in (2.0, 40.0, 80.0, 120.0)])
        assert self.pause(120, lying) == self.pause(120, NONE)

    def test_one_that_stands_still_is_not_believed_once_its_end_has_passed(self) -> None:
        still = self.seen((30.0, 0.5), (45.0, 0.5), (60.0, 0.5), (150.0, 0.5))
        assert still.sharpen(PRIOR, 40.0) != PRIOR
        assert still.sharpen(PRIOR, 150.0) == PRIOR

    def test_one_that_goes_backwards_only_makes_itself_less_credible(self) -> None:
        onward = self.seen((60.0, 0.25), (90.0, 0.375), (120.0, 0.5))
        back = self.seen((60.0, 0.75), (90.0, 0.5), (120.0, 0.25))
        spread = [max(part.spread for part in each.sharpen(PRIOR, 120.0).parts[:1]) for each in (onward, back)]
        assert spread[0] < spread[1]

    def test_what_is_no_number_is_no_progress(self) -> None:
        assert self.seen((30.0, math.nan), (60.0, math.inf), (90.0, None)) == NONE

    def test_time_in_the_services_queue_is_not_taken_for_slow_work(self) -> None:
        waited = NONE.seen(100.0, 0.0, queued=True).seen(120.0, 0.2, queued=False)
        assert math.exp(waited.whole_log_s[0]) == pytest.approx(200)


class TestHistory:
    def test_nineteen_ends_leave_the_catalogue_alone_and_twenty_count(self) -> None:
        ends = [60.0 + each for each in range(LEARNS_FROM)]
        assert learned(PRIOR, ends[1:]) == PRIOR
        assert learned(PRIOR, ends).usual_s == pytest.approx(69.5, abs=0.1)

    def test_both_humps_of_a_model_are_kept_and_the_valley_between(self) -> None:
        times = learned(PRIOR, [60 + each / 10 for each in range(100)] + [300 + each / 2 for each in range(100)])
        assert times.pending(55) > 0.95
        assert times.pending(80) - times.pending(280) < 0.15
        assert times.pending(370) < 0.1

    @given(st.floats(0.2, 5), st.integers(0, 1000))
    def test_a_wrong_catalogue_is_outweighed(self, factor: float, seed: int) -> None:
        ends = [100 * math.exp(0.3 * (luck_of(seed, n) + luck_of(n, seed) - 1)) for n in range(200)]
        times = learned(expected(typical_s=100 * factor, slow_s=150 * factor), ends)
        assert times.usual_s == pytest.approx(100, rel=0.15)
        assert times.pending(times.usual_s) == pytest.approx(0.5, abs=0.1)


class TestStuck:
    often = learned(PRIOR, [60 + each / 10 for each in range(PERCENTILE_NEEDS)])

    def test_past_the_longest_wait_whatever_progress_says(self) -> None:
        moving = NONE.seen(899.0, 0.4, queued=False)
        assert is_stuck(PRIOR, 900.5, moving, wait_max_s=900)
        assert not is_stuck(PRIOR, 899.5, moving, wait_max_s=900)

    def test_past_nearly_all_of_its_kind_unless_it_moves(self) -> None:
        still = NONE.seen(40.0, 0.5, queued=False).seen(139.0, 0.5, queued=False)
        moving = NONE.seen(40.0, 0.5, queued=False).seen(139.0, 0.6, queued=False)
        assert self.often.stuck_s is not None
        assert not is_stuck(self.often, self.often.stuck_s - 1, still, wait_max_s=900)
        assert is_stuck(self.often, 140.0, still, wait_max_s=900)
        assert is_stuck(self.often, 140.0, NONE, wait_max_s=900)
        assert not is_stuck(self.often, 140.0, moving, wait_max_s=900)

    def test_a_model_that_is_always_on_time_gets_twice_the_usual(self) -> None:
        assert self.often.stuck_s == pytest.approx(2 * self.often.usual_s)

    def test_too_few_ends_for_a_99th_percentile_give_none(self) -> None:
        assert learned(PRIOR, [60.0 + each for each in range(PERCENTILE_NEEDS - 1)]).stuck_s is None


@given(st.floats(-100, 1e6), st.none() | st.floats(0, 3000), lucks)
def test_an_overdue_render_is_looked_at_every_minute_to_ten_and_not_before_the_services_hint(
    late_s: float, hint_s: float | None, luck: float
) -> None:
    pause = overdue_pause_s(late_s, hint_s=hint_s, luck=luck)
    assert max(54.0, hint_s or 0.0) <= pause <= max(600.0, hint_s or 0.0)


def test_the_pause_of_an_overdue_render_grows_slowly() -> None:
    pauses = [overdue_pause_s(late_s, hint_s=None, luck=0.0) for late_s in (0, 300, 900, 1800, 86_400)]
    assert pauses == [60, 100, 300, 600, 600]


def test_the_race_against_fixed_loops_is_won_without_and_with_progress_and_from_twenty_ends_on() -> None:
    draw = lognormal(210.0, 0.35)
    loop = raced(draw, fixed_loop(15), renders=600)
    plain = raced(draw, ours(after(draw, 200)), renders=600)
    young = raced(draw, ours(after(draw, 20)), renders=600)
    progress = raced(draw, ours(after(draw, 200), honest), renders=600)
    assert max(plain.looks, young.looks, progress.looks) < loop.looks
    assert max(plain.late_s, young.late_s) < 0.7 * loop.late_s
    assert progress.late_s < 0.5 * loop.late_s
