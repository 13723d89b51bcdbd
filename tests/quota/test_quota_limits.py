from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.quota.ledger import Balance
from bot.quota.limits import (
    Limit,
    OverLimit,
    ScopeKind,
    Standing,
    refusal,
    standings,
)
from bot.quota.periods import Span

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
USD = 1_000_000
USUAL = (
    Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=5 * USD),
    Limit(scope=ScopeKind.WORKSPACE, span=Span.MONTH, usd_micros=50 * USD),
)

bounds = st.none() | st.integers(0, 20)
limits_drawn = st.lists(
    st.builds(
        Limit,
        scope=st.sampled_from(ScopeKind),
        span=st.sampled_from(Span),
        usd_micros=st.integers(0, 20),
        clips=bounds,
    ),
    max_size=6,
)
balances_drawn = st.dictionaries(
    st.tuples(st.sampled_from(ScopeKind), st.sampled_from(Span)),
    st.builds(
        Balance,
        held_usd_micros=st.integers(0, 15),
        captured_usd_micros=st.integers(0, 15),
        held_clips=st.integers(0, 8),
        captured_clips=st.integers(0, 8),
    ),
)


def asked(
    limits: tuple[Limit, ...], balances: dict[tuple[ScopeKind, Span], Balance], usd_micros: int
) -> OverLimit | None:
    return refusal(standings(limits, balances, NOW, BERLIN), usd_micros)


def a_day_of_5_usd(used: int, reserved: int = 0) -> dict[tuple[ScopeKind, Span], Balance]:
    return {(ScopeKind.PERSON, Span.DAY): Balance(captured_usd_micros=used, held_usd_micros=reserved)}


def test_the_last_dollar_fits_and_a_millionth_more_does_not() -> None:
    assert asked(USUAL, {}, 5 * USD) is None
    assert asked(USUAL, {}, 5 * USD + 1) is not None
    month = {(ScopeKind.WORKSPACE, Span.MONTH): Balance(captured_usd_micros=49 * USD, held_usd_micros=USD // 2)}
    assert asked(USUAL, month, USD // 2) is None
    over = asked(USUAL, month, USD)
    assert over is not None
    assert over.standing.limit.scope is ScopeKind.WORKSPACE


def test_a_refusal_says_used_reserved_left_and_when_it_resets() -> None:
    over = asked(USUAL, a_day_of_5_usd(3 * USD, reserved=1_500_000), USD)
    assert over is not None
    assert over.standing.usd_micros_used == 3 * USD
    assert over.standing.usd_micros_reserved == 1_500_000
    assert over.standing.usd_micros_left == 500_000
    assert over.standing.resets_at == datetime(2026, 11, 21, 23, tzinfo=UTC)
    assert over.fits_at == over.standing.resets_at


def test_what_would_fit_now_is_said_and_when_this_order_would() -> None:
    cheaper = asked(USUAL, a_day_of_5_usd(4 * USD), 2 * USD)
    wait = asked(USUAL, a_day_of_5_usd(5 * USD), 2 * USD)
    ask = asked(USUAL, a_day_of_5_usd(5 * USD), 6 * USD)
    assert cheaper is not None
    assert wait is not None
    assert ask is not None
    assert (cheaper.affordable_usd_micros, cheaper.fits_at) == (USD, cheaper.standing.resets_at)
    assert (wait.affordable_usd_micros, wait.fits_at) == (0, wait.standing.resets_at)
    assert (ask.affordable_usd_micros, ask.fits_at) == (0, None)


def test_the_limit_that_stays_in_the_way_longest_is_the_one_named() -> None:
    spent = a_day_of_5_usd(5 * USD) | {(ScopeKind.WORKSPACE, Span.MONTH): Balance(captured_usd_micros=50 * USD)}
    over = asked(USUAL, spent, USD)
    assert over is not None
    assert over.standing.limit.span is Span.MONTH
    assert over.fits_at == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_clips_are_counted_reserved_ones_too_and_a_free_video_is_a_clip() -> None:
    three = (Limit(scope=ScopeKind.PERSON, span=Span.DAY, clips=3),)
    two = {(ScopeKind.PERSON, Span.DAY): Balance(captured_clips=1, held_clips=1)}
    full = {(ScopeKind.PERSON, Span.DAY): Balance(captured_clips=1, held_clips=2)}
    assert asked(three, two, 100 * USD) is None
    over = asked(three, full, 0)
    assert over is not None
    assert over.affordable_usd_micros is None
    assert over.fits_at == over.standing.resets_at


def test_a_free_video_passes_a_budget_that_was_overspent() -> None:
    assert asked(USUAL, a_day_of_5_usd(6 * USD), 0) is None
    assert asked(USUAL, a_day_of_5_usd(6 * USD), 1) is not None


def test_for_a_guest_with_nothing_no_waiting_helps() -> None:
    over = asked((Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=0),), {}, 1)
    assert over is not None
    assert (over.affordable_usd_micros, over.fits_at) == (0, None)


@pytest.mark.parametrize("bounds", [{}, {"usd_micros": -1}, {"clips": -1}, {"usd_micros": 5, "clips": -2}])
def test_a_limit_that_limits_nothing_or_less_is_refused(bounds: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Limit(scope=ScopeKind.PERSON, span=Span.DAY, **bounds)


def test_a_price_below_zero_is_a_bug() -> None:
    with pytest.raises(ValueError, match="below zero"):
        asked((), {}, -1)


@given(limits=limits_drawn, balances=balances_drawn, price=st.integers(0, 30))
def test_what_is_accepted_never_passes_a_limit_and_what_is_refused_would(
    limits: list[Limit], balances: dict[tuple[ScopeKind, Span], Balance], price: int
) -> None:
    def passed(limit: Limit) -> bool:
        balance = balances.get((limit.scope, limit.span), Balance())
        usd = balance.captured_usd_micros + balance.held_usd_micros + price
        clips = balance.captured_clips + balance.held_clips + 1
        over_usd = limit.usd_micros is not None and price > 0 and usd > limit.usd_micros
        return over_usd or (limit.clips is not None and clips > limit.clips)

    over = asked(tuple(limits), balances, price)
    assert (over is not None) == any(passed(limit) for limit in limits)
    if over is not None:
        assert passed(over.standing.limit)


@given(limits=limits_drawn, balances=balances_drawn, price=st.integers(0, 30))
def test_the_affordable_price_fits_and_one_more_does_not(
    limits: list[Limit], balances: dict[tuple[ScopeKind, Span], Balance], price: int
) -> None:
    over = asked(tuple(limits), balances, price)
    if over is None:
        return
    if over.affordable_usd_micros is None:
        assert asked(tuple(limits), balances, 0) is not None
    else:
        assert asked(tuple(limits), balances, over.affordable_usd_micros) is None
        assert asked(tuple(limits), balances, over.affordable_usd_micros + 1) is not None


@given(limits=limits_drawn, balances=balances_drawn, price=st.integers(0, 30))
def test_an_order_that_is_told_to_wait_fits_when_everything_in_its_way_has_reset(
    limits: list[Limit], balances: dict[tuple[ScopeKind, Span], Balance], price: int
) -> None:
    found = standings(limits, balances, NOW, BERLIN)
    over = refusal(found, price)
    if over is None:
        return
    fits_untouched = asked(tuple(limits), {}, price) is None
    if over.fits_at is not None:
        later = {_key(each): _kept(each, over.fits_at, balances) for each in found}
        assert asked(tuple(limits), later, price) is None
    elif fits_untouched:
        pytest.fail("it would fit one day, but nobody said when")


def _key(standing: Standing) -> tuple[ScopeKind, Span]:
    return standing.limit.scope, standing.limit.span


def _kept(standing: Standing, at: datetime, balances: dict[tuple[ScopeKind, Span], Balance]) -> Balance:
    return Balance() if standing.resets_at <= at else balances.get(_key(standing), Balance())
