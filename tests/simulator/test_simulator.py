"""The simulator judges the bot, and planted bugs judge the simulator. Long histories: `python -m tests.simulator`."""

import logging
from collections.abc import Iterator, Mapping

import pytest

from tests.simulator.dial import Fault
from tests.simulator.plants import PLANTS
from tests.simulator.world import Outcome, Setup, run

SEED = 2
OFTEN: Mapping[str, Mapping[Fault, float]] = {
    "cas_on_intent": {Fault.SUBMIT_LOST_AFTER: 0.5, Fault.ADMIN_WRONG: 0.5},
    "entry_key": {Fault.RENDER_LATE: 0.6},
    "release_forgotten": {Fault.RENDER_REFUSED: 0.4},
    "unknown_is_not_accepted": {Fault.SUBMIT_LOST_AFTER: 0.4},
    "second_story": {},
    "delivery_claim": {Fault.KILL: 0.02},
}
"""By plant, the faults that a small history must be about to show it; which rule is broken is up to the history."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A history of faults logs a line for each; writing them takes longer than the history."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


def test_no_rule_is_broken_by_two_replicas_under_three_times_the_usual_faults() -> None:
    outcome = run(Setup(seed=7, jobs=25, days=0.1, replicas=2, chaos=3.0))

    assert outcome.violations == []
    assert outcome.ends["delivered"] > 10
    assert len(outcome.injected) > 30


def test_one_seed_is_one_history() -> None:
    first, again = (run(Setup(seed=3, jobs=5, days=0.05, chaos=3.0)) for _ in range(2))

    assert first.history.events
    assert _told(first) == _told(again)


def test_a_render_whose_cancel_was_confirmed_to_nobody_is_neither_charged_nor_booked() -> None:
    often = {Fault.MIND_CHANGED: 0.9, Fault.CANCEL_REFUSED: 0.0, Fault.CANCEL_LOST: 0.9, Fault.POLL_FAILS: 0.9}
    outcome = run(Setup(seed=SEED, jobs=20, days=0.1, often=often))

    assert outcome.violations == []
    assert sum(each.fault is Fault.CANCEL_LOST for each in outcome.injected) > 3


@pytest.mark.parametrize("plant", sorted(OFTEN))
def test_a_planted_bug_is_found_and_is_what_breaks_the_rule(plant: str) -> None:
    setup = Setup(seed=SEED, jobs=10, days=0.1, often=OFTEN[plant])

    assert run(setup, PLANTS[plant]).violations
    assert run(setup).violations == []


def _told(outcome: Outcome) -> list[str]:
    return [str(each) for each in outcome.history.events]
