import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.errors import BY_KIND
from bot.upstreams.circuit import (
    COOL_OFF_MAX_S,
    COOL_OFF_S,
    DOUBT_S,
    OPERATOR_COOL_OFF_S,
    TRIAL_S,
    TRUST_MAX,
    Circuit,
    CircuitState,
    allows,
    is_doubtful,
    leased,
    next_try_at,
    observed,
    operator_acted,
)

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
BLAMING = sorted(kind for kind, error in BY_KIND.items() if error.blames_upstream)
NEUTRAL = sorted(kind for kind, error in BY_KIND.items() if not error.blames_upstream)
OPERATORS = ["auth", "quota", "retired"]

moments = st.tuples(
    st.sampled_from([None, *BY_KIND]) | st.just("lease") | st.just("lease other"), st.integers(0, 1_000)
)


def after(*kinds: str | None, circuit: Circuit | None = None, now: datetime = NOW) -> Circuit:
    for kind in kinds:
        circuit = observed(circuit, error_kind=kind, now=now)
    assert circuit is not None
    return circuit


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def half_open(circuit: Circuit, job_id: str = "j1") -> Circuit:
    assert circuit.retry_at is not None
    trial = leased(circuit, job_id=job_id, now=circuit.retry_at)
    assert trial is not None
    return trial


@pytest.mark.parametrize("kind", sorted(set(BLAMING) - set(OPERATORS)))
def test_a_service_that_always_fails_is_left_alone_after_three(kind: str) -> None:
    assert after(kind, kind).state is CircuitState.CLOSED
    opened = after(kind, kind, kind)
    assert opened.state is CircuitState.OPEN
    assert opened.reason == kind
    assert opened.retry_at == later(COOL_OFF_S)


@pytest.mark.parametrize("kind", OPERATORS)
def test_what_only_an_operator_can_mend_opens_at_once_and_stays_longer(kind: str) -> None:
    opened = after(None, None, None, kind)
    assert opened.state is CircuitState.OPEN
    assert opened.retry_at == (None if kind == "retired" else later(OPERATOR_COOL_OFF_S))


def test_a_retired_service_is_never_tried_again_by_itself() -> None:
    opened = after("retired")
    for years in (1, 10):
        assert not allows(opened, job_id="j1", now=NOW + timedelta(days=365 * years))


@pytest.mark.parametrize("kind", NEUTRAL)
def test_refusals_of_an_order_never_count(kind: str) -> None:
    shaken = after("capacity", "capacity")
    assert after(*[kind] * 50, circuit=shaken) == shaken
    assert after(*[kind] * 50).state is CircuitState.CLOSED


@pytest.mark.parametrize("seed", range(20))
def test_one_outcome_in_ten_failing_by_chance_never_opens_it(seed: int) -> None:
    chance = random.Random(seed)
    circuit = None
    for _ in range(300):
        circuit = observed(circuit, error_kind="capacity" if chance.random() < 0.1 else None, now=NOW)
        assert circuit.state is CircuitState.CLOSED


@pytest.mark.parametrize("seed", range(20))
def test_a_service_that_fails_nine_times_in_ten_is_out_soon(seed: int) -> None:
    chance = random.Random(seed)
    circuit, outcomes = after(*[None] * 100), 0
    while circuit.state is CircuitState.CLOSED:
        circuit = observed(circuit, error_kind="capacity" if chance.random() < 0.9 else None, now=NOW)
        outcomes += 1
    assert outcomes <= 15


def test_a_long_good_record_forgives_two_failures_more_and_no_third() -> None:
    trusted = after(*[None] * 1000)
    assert after(*["capacity"] * 4, circuit=trusted).state is CircuitState.CLOSED
    assert after(*["capacity"] * (3 + TRUST_MAX), circuit=trusted).state is CircuitState.OPEN


def test_while_it_cools_off_nobody_is_sent_there_then_one_job_is() -> None:
    opened = after(*["capacity"] * 3)
    assert leased(opened, job_id="j1", now=later(COOL_OFF_S - 1)) is None
    trial = leased(opened, job_id="j1", now=later(COOL_OFF_S))
    assert trial is not None
    assert trial.state is CircuitState.HALF_OPEN
    assert allows(trial, job_id="j1", now=later(COOL_OFF_S + 1))
    assert not allows(trial, job_id="j2", now=later(COOL_OFF_S + 1))
    assert leased(trial, job_id="j2", now=later(COOL_OFF_S + 1)) is None


def test_a_trial_whose_job_is_never_heard_of_again_goes_to_another() -> None:
    trial = half_open(after(*["capacity"] * 3))
    end = next_try_at(trial)
    assert end == later(COOL_OFF_S + TRIAL_S)
    taken = leased(trial, job_id="j2", now=end)
    assert taken is not None
    assert not allows(taken, job_id="j1", now=end)


def test_a_trial_that_makes_its_video_closes_it() -> None:
    closed = after(None, circuit=half_open(after(*["capacity"] * 3)))
    assert closed.state is CircuitState.CLOSED
    assert allows(closed, job_id="anybody", now=NOW)


def test_a_trial_that_is_refused_for_its_prompt_passes_on_to_the_next_job() -> None:
    freed = after("moderation", circuit=half_open(after(*["capacity"] * 3)), now=later(40))
    assert freed.state is CircuitState.OPEN
    assert allows(freed, job_id="j2", now=later(40))


def test_each_failed_trial_doubles_the_cool_off_up_to_ten_minutes() -> None:
    circuit = after(*["capacity"] * 3)
    seen = [circuit.cool_off_s]
    for _ in range(8):
        assert circuit.retry_at is not None
        circuit = after("capacity", circuit=half_open(circuit), now=circuit.retry_at)
        seen.append(circuit.cool_off_s)
    assert seen == [30, 60, 120, 240, 480, 600, 600, 600, 600]
    assert seen[-1] == COOL_OFF_MAX_S


def test_a_service_that_flaps_keeps_its_doubled_cool_off_until_it_has_earned_trust() -> None:
    back = after(None, circuit=half_open(after(*["capacity"] * 3)))
    assert after(*["capacity"] * 3, circuit=back).cool_off_s == 2 * COOL_OFF_S
    steady = after(*[None] * TRUST_MAX, circuit=back)
    assert after(*["capacity"] * 5, circuit=steady).cool_off_s == COOL_OFF_S


def test_failures_of_older_work_do_not_prolong_the_cool_off() -> None:
    opened = after(*["capacity"] * 3)
    assert after("timeout", "capacity", circuit=opened, now=later(20)) == opened


def test_a_graver_reason_replaces_a_lighter_one() -> None:
    opened = after("quota", circuit=after(*["capacity"] * 3))
    assert (opened.reason, opened.cool_off_s) == ("quota", OPERATOR_COOL_OFF_S)


def test_older_work_that_succeeds_mends_a_full_house_but_not_an_empty_purse() -> None:
    assert after(None, circuit=after(*["capacity"] * 3)).state is CircuitState.CLOSED
    empty = after("quota")
    assert after(None, circuit=empty) == empty
    assert after(None, circuit=empty, now=later(OPERATOR_COOL_OFF_S)).is_closed
    assert after(None, circuit=half_open(empty)).state is CircuitState.CLOSED


def test_a_lost_submit_sends_the_next_jobs_elsewhere_for_a_minute() -> None:
    lost = after("outcome_unknown")
    assert lost.state is CircuitState.CLOSED
    assert is_doubtful(lost, later(DOUBT_S - 1))
    assert not is_doubtful(lost, later(DOUBT_S))
    assert not is_doubtful(after(None, circuit=lost), NOW)
    assert not is_doubtful(None, NOW)


@pytest.mark.parametrize("kind", OPERATORS)
def test_after_an_operator_acted_one_job_may_try_at_once(kind: str) -> None:
    opened = operator_acted(after(kind), now=later(5))
    assert allows(opened, job_id="j1", now=later(5))
    busy = after(*["capacity"] * 3)
    assert operator_acted(busy, now=later(5)) == busy


def test_an_unknown_kind_is_a_bug() -> None:
    with pytest.raises(KeyError):
        observed(None, error_kind="weather", now=NOW)


@given(history=st.lists(moments, max_size=60))
def test_through_any_history_at_most_one_job_is_let_through_and_the_cool_off_is_sane(
    history: list[tuple[str | None, int]],
) -> None:
    circuit: Circuit | None = None
    now = NOW
    for what, seconds in history:
        now += timedelta(seconds=seconds)
        before = circuit
        if what in {"lease", "lease other"}:
            if circuit is not None:
                circuit = leased(circuit, job_id=what or "", now=now) or circuit
        else:
            circuit = observed(circuit, error_kind=what, now=now)
        if circuit is None:
            continue
        assert before is None or circuit.since >= before.since
        if circuit.state is CircuitState.CLOSED:
            assert -TRUST_MAX <= circuit.strikes < 3
            continue
        let_through = [job for job in ("lease", "lease other", "third") if allows(circuit, job_id=job, now=now)]
        if circuit.state is CircuitState.HALF_OPEN:
            assert len(let_through) <= 1 or next_try_at(circuit) <= now  # type: ignore[operator]
        both_open = before is not None and before.state is not CircuitState.CLOSED
        if before is not None and both_open and circuit.state is CircuitState.OPEN:
            assert circuit.cool_off_s >= before.cool_off_s or circuit.reason != before.reason
        if circuit.state is CircuitState.OPEN and circuit.retry_at is not None:
            assert circuit.retry_at <= circuit.since + timedelta(seconds=4 * 3600) or circuit.retry_at <= now


@given(history=st.lists(moments, max_size=40))
def test_whatever_happened_before_a_service_that_works_again_is_used_again(
    history: list[tuple[str | None, int]],
) -> None:
    circuit: Circuit | None = None
    now = NOW
    for what, seconds in history:
        now += timedelta(seconds=seconds)
        if what not in {"lease", "lease other", "retired"}:
            circuit = observed(circuit, error_kind=what, now=now)
    for number in range(3):
        now += timedelta(hours=5)
        if circuit is None or (trial := leased(circuit, job_id=f"j{number}", now=now)) is None:
            continue
        circuit = observed(trial, error_kind=None, now=now)
    assert circuit is None or circuit.state is CircuitState.CLOSED
