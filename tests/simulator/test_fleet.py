"""A month of four services in little: ours is judged, and so is what judges it. The large one: `--fleet`."""

import logging
from collections.abc import Iterator

import pytest

from tests.simulator.comparison import compared
from tests.simulator.dial import Fault
from tests.simulator.judge import Rule
from tests.simulator.plants import PLANTS
from tests.simulator.world import Setup, run

TEN_PERCENT = {Fault.RENDER_FAILED: 0.05, Fault.SUBMIT_LISTED_5XX: 0.03, Fault.SUBMIT_UNREACHABLE: 0.02}
PLANTED = {
    "opens_too_late": (Rule.OUT_IN_TIME, Setup(seed=1, jobs=40, days=0.25, fleet=True, trouble=4.0)),
    "opens_at_ten_percent": (
        Rule.NOT_OUT_BY_CHANCE,
        Setup(seed=2, jobs=20, days=0.1, fleet=True, trouble=0.0, often=TEN_PERCENT),
    ),
    "trial_is_success": (Rule.OUT_IN_TIME, Setup(seed=3, jobs=40, days=0.25, fleet=True, trouble=4.0)),
    "price_forgotten": (
        Rule.PRICE_SHOWN,
        Setup(seed=7, jobs=12, days=0.1, fleet=True, trouble=40.0, often={Fault.SUBMIT_LISTED_5XX: 0.5}),
    ),
    "notice_claim": (
        Rule.ONE_NOTICE,
        Setup(seed=1, jobs=10, days=0.1, fleet=True, trouble=4.0, often={Fault.SLACK_ANSWER_LOST: 0.3}),
    ),
    "refusal_is_capacity": (Rule.REFUSAL_STAYS, Setup(seed=2, jobs=40, days=0.25, fleet=True, trouble=4.0)),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A history of faults logs a line for each; writing them takes longer than the history."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(before)


def test_in_troubled_hours_no_rule_is_broken_and_nothing_is_paid_twice() -> None:
    outcome = run(Setup(seed=2, jobs=20, days=0.25, fleet=True, trouble=4.0))
    ours, official_only, _ = compared(outcome)

    assert outcome.violations == []
    assert (ours.paid_twice, ours.laundered) == (0, 0)
    assert ours.success >= official_only.success


@pytest.mark.parametrize("plant", sorted(PLANTED))
def test_a_planted_bug_is_found_by_the_rule_that_is_about_it(plant: str) -> None:
    rule, setup = PLANTED[plant]

    assert [each.rule for each in run(setup, PLANTS[plant]).violations][:1] == [rule]
