"""Moves between states, and the drawing of them in the README."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.model import ENDED, NEXT, IllegalMoveError, Job, JobState, Order, Place

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
JOBS_README = Path(__file__).parents[2] / "bot" / "jobs" / "README.md"


def a_job(state: JobState = JobState.QUEUED) -> Job:
    order = Order(
        team_id="T1",
        user_id="U1",
        place=Place(slack_channel_id="C1"),
        prompt="a corgi surfing at sunset",
        model=None,
        model_class=ModelClass.FAST,
        length_s=5,
        shape=Shape.WIDE,
        resolution="720p",
    )
    return Job(
        id="j1",
        number=1,
        order=order,
        state=state,
        state_since=NOW,
        created_at=NOW,
        held_usd_micros=800_000,
        catalogue_version="v1",
    )


@given(st.sampled_from(JobState), st.sampled_from(JobState))
def test_only_legal_moves_are_made_and_each_redraws_the_card(before: JobState, after: JobState) -> None:
    job = a_job(before)
    if after in NEXT[before]:
        moved = job.moved(after, at=NOW)
        assert (moved.state, moved.version) == (after, job.version + 1)
    else:
        with pytest.raises(IllegalMoveError):
            job.moved(after, at=NOW)


def test_every_state_can_end_and_an_end_is_only_left_for_a_delivery() -> None:
    for state in JobState:
        reached, frontier = {state}, {state}
        while frontier:
            frontier = {after for each in frontier for after in NEXT[each]} - reached
            reached |= frontier
        assert reached & ENDED, state
    for state in ENDED:
        assert NEXT[state] == {JobState.DELIVERING}


def test_the_readme_draws_exactly_these_moves() -> None:
    drawn = {
        (line.split("-->")[0].strip(), line.split("-->")[1].strip())
        for line in JOBS_README.read_text().splitlines()
        if "-->" in line and "[*]" not in line
    }
    assert drawn == {(before.value, after.value) for before, following in NEXT.items() for after in following}
