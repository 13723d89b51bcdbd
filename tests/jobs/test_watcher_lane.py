"""Requests to one service: never more a minute than allowed, nobody forgotten, who was told first, many in one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from virtual_clock import START

from bot.jobs.lane import Lane


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def anybody(_render: str) -> bool:
    return True


def nobody(_render: str) -> bool:
    return False


def driven(lane: Lane, *, until_s: float, may_ride: Callable[[str], bool] = nobody) -> list[tuple[float, list[str]]]:
    """Every request in its moment, each answered at once."""
    now, sent = START, []
    while (due := lane.next_at(now)) is not None and due <= at(until_s):
        now = max(now, due)
        taken = lane.take(now, may_ride=may_ride)
        assert taken, "it said that something may go out"
        sent.append(((now - START).total_seconds(), taken))
        lane.done()
    return sent


@given(
    st.integers(1, 700),
    st.lists(st.floats(0, 300), min_size=1, max_size=400),
    st.integers(1, 20),
)
def test_no_minute_has_more_requests_than_allowed_and_everything_planned_is_looked_at_once(
    per_minute: int, dues_s: list[float], batch_max: int
) -> None:
    lane = Lane(per_minute=per_minute, batch_max=batch_max)
    for number, due_s in enumerate(dues_s):
        lane.plan(f"r{number}", at(due_s))
    sent = driven(lane, until_s=10**7)
    times = [when for when, _ in sent]
    assert all(later - sooner > 59.999 for sooner, later in zip(times, times[per_minute:], strict=False))
    looked = [render for _, taken in sent for render in taken]
    assert sorted(looked) == sorted(f"r{number}" for number in range(len(dues_s)))
    assert all(when >= dues_s[int(render[1:])] - 1e-6 for when, taken in sent for render in taken)


def test_who_waited_longest_goes_first_and_who_was_told_of_an_end_before_all() -> None:
    lane = Lane(per_minute=60)
    for render, due_s in (("late", 3.0), ("early", 1.0), ("told", 200.0)):
        lane.plan(render, at(due_s))
    lane.hurry("told")
    assert [taken for _, taken in driven(lane, until_s=100)] == [["told"], ["early"], ["late"]]


def test_a_new_plan_replaces_the_old_one_and_a_dropped_render_is_not_asked_about() -> None:
    lane = Lane(per_minute=600)
    lane.plan("a", at(1))
    lane.plan("a", at(50))
    lane.plan("b", at(2))
    lane.drop("b")
    assert driven(lane, until_s=100) == [(50.0, ["a"])]
    assert "a" not in lane


def test_a_service_that_wants_no_questions_gets_none_until_then() -> None:
    lane = Lane(per_minute=600)
    lane.plan("a", at(1))
    lane.hurry("told")
    lane.hold(at(30))
    lane.hold(at(20))
    assert next(when for when, _ in driven(lane, until_s=100)) == 30.0


def test_only_so_many_requests_are_on_the_wire_and_one_that_came_back_makes_room() -> None:
    lane = Lane(per_minute=6000, at_once=2)
    for render in "abc":
        lane.plan(render, START)
    assert [lane.take(at(1), may_ride=nobody) for _ in range(3)] == [["a"], ["b"], []]
    assert lane.next_at(at(1)) is None
    lane.done()
    assert lane.take(at(1), may_ride=nobody) == ["c"]


def test_a_request_with_room_takes_along_whose_turn_is_next() -> None:
    lane = Lane(per_minute=60, batch_max=3)
    for number in range(5):
        lane.plan(f"r{number}", at(10 * number))
    assert lane.take(at(0), may_ride=lambda render: render != "r1") == ["r0", "r2", "r3"]
    assert lane.next_at(at(0)) == at(10)


def test_a_ride_alone_is_no_reason_to_ask() -> None:
    lane = Lane(per_minute=60, batch_max=3)
    lane.plan("r", at(10))
    assert lane.take(at(9), may_ride=anybody) == []


def test_a_render_that_an_answer_left_out_gets_a_request_of_its_own() -> None:
    lane = Lane(per_minute=600, batch_max=4)
    lane.plan("alone", at(1), alone=True)
    for render in "abc":
        lane.plan(render, at(1))
    sent = [taken for _, taken in driven(lane, until_s=100, may_ride=anybody)]
    assert sorted(sent, key=len) == [["alone"], ["a", "b", "c"]]


def test_a_burst_is_spread_so_that_the_next_minute_is_not_spent() -> None:
    lane = Lane(per_minute=120)
    for number in range(240):
        lane.plan(f"r{number}", START)
    times = [when for when, _ in driven(lane, until_s=1000)]
    assert sum(1 for when in times if when == 0) == 12
    assert max(later - sooner for sooner, later in pairwise(times)) < 1
