"""Bands of success and refusal: entered at one figure, left at another, and never by one person or by chance."""

import random

import pytest

from bot.upstreams.bands import ENOUGH, WINDOW, Band, Outcome, Verdict, band_after


def never() -> float:
    return 0.0


def outcomes(letters: str, *, about: str = "") -> list[Outcome]:
    """`m`ade, `f`ailed, `r`efused, each about another prompt unless told."""
    verdicts = {"m": Verdict.OK, "f": Verdict.FAILED, "r": Verdict.REFUSED}
    return [Outcome(verdict=verdicts[each], about=about or str(at)) for at, each in enumerate(letters)]


def after(letters: str, before: Band = Band.GOOD, *, usual: float = 0.0, about: str = "") -> Band:
    return band_after(before, outcomes(letters, about=about), lambda: usual)


def test_a_service_half_of_whose_videos_fail_is_degraded_until_four_of_five_come_through() -> None:
    assert after("mfmfmfmfff") is Band.DEGRADED
    assert after("mmmfmmffff") is Band.GOOD, "five of ten is where the band begins, not in it"
    assert after("mmmfmmmmff", Band.DEGRADED) is Band.DEGRADED
    assert after("mmmmmmmmff", Band.DEGRADED) is Band.GOOD


def test_a_few_orders_say_nothing() -> None:
    assert after("f" * (ENOUGH - 1)) is Band.GOOD
    assert after("m" * (ENOUGH - 1), Band.DEGRADED) is Band.DEGRADED


@pytest.mark.parametrize("before", list(Band))
def test_when_nobody_ordered_for_hours_it_is_good_again_or_nobody_would_find_out(before: Band) -> None:
    assert after("", before) is Band.GOOD


def test_a_service_that_turns_every_prompt_down_is_in_risk_control_until_most_pass_again() -> None:
    assert after("rrrrr") is Band.RISK_CONTROL
    assert after("rrrr") is Band.GOOD
    assert after("rrrmmmmm", Band.RISK_CONTROL) is Band.RISK_CONTROL
    assert after("rrmmmmmm", Band.RISK_CONTROL) is Band.GOOD


def test_one_person_who_insists_on_one_prompt_is_no_risk_control() -> None:
    assert after("r" * WINDOW, about="the same") is Band.GOOD


@pytest.mark.parametrize(("usual", "band"), [(0.1, Band.RISK_CONTROL), (0.3, Band.GOOD)])
def test_what_is_usual_at_a_service_is_not_unusual(usual: float, band: Band) -> None:
    assert after("rmrmrmrmrr", usual=usual) is band


def test_even_where_a_third_is_usual_a_service_that_turns_everything_down_is_seen() -> None:
    assert after("r" * 8, usual=0.6) is Band.RISK_CONTROL


def test_the_share_that_is_usual_is_asked_for_only_in_need() -> None:
    def asked() -> float:
        raise AssertionError("a month was counted for nothing")

    assert band_after(Band.GOOD, outcomes("mmmmmrm"), asked) is Band.GOOD


@pytest.mark.parametrize("seed", range(40))
def test_one_order_in_ten_failing_by_chance_keeps_a_service_in_its_band(seed: int) -> None:
    chance = random.Random(seed)
    seen: list[Outcome] = []
    band = Band.GOOD
    for _ in range(500):
        verdict = Verdict.FAILED if chance.random() < 0.1 else Verdict.OK
        seen = [Outcome(verdict=verdict), *seen][:WINDOW]
        band = band_after(band, seen, never)
        assert band is Band.GOOD
