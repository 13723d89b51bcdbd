from datetime import UTC, datetime, timedelta

import pytest

from bot.providers.errors import BY_KIND
from bot.upstreams.circuit import Circuit, leased, observed
from bot.upstreams.health import Health, HealthState, health_of

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


def health(*kinds: str | None, trial: bool = False) -> Health:
    circuit: Circuit | None = None
    for kind in kinds:
        circuit = observed(circuit, error_kind=kind, now=NOW)
    if trial and circuit is not None and circuit.retry_at is not None:
        circuit = leased(circuit, job_id="j1", now=circuit.retry_at)
    return health_of(circuit, NOW)


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ((), HealthState.UNKNOWN),
        ((None,), HealthState.OPERATIONAL),
        ((None, "moderation"), HealthState.OPERATIONAL),
        (("capacity",), HealthState.DEGRADED),
        ((None, None, None, "outcome_unknown"), HealthState.DEGRADED),
        (("capacity",) * 3, HealthState.SUSPENDED),
        (("auth",), HealthState.SUSPENDED),
        (("quota",), HealthState.SUSPENDED),
        (("retired",), HealthState.RETIRED),
    ],
)
def test_what_happened_is_told_as_one_state(kinds: tuple[str | None, ...], state: HealthState) -> None:
    found = health(*kinds)
    assert found.state is state
    assert found.state is state


def test_a_service_on_trial_is_degraded_and_says_so() -> None:
    found = health("capacity", "capacity", "capacity", trial=True)
    assert found.state is HealthState.DEGRADED
    assert "one video is trying it" in found.meaning


def test_a_suspended_service_says_when_it_is_tried_again() -> None:
    assert health("capacity", "capacity", "capacity").retry_at == NOW + timedelta(seconds=30)
    assert health("retired").retry_at is None


def test_an_admin_is_named_where_only_an_admin_can_help() -> None:
    assert "admin" in health("auth").meaning
    assert "admin" in health("quota").meaning
    assert "by itself" in health("unreachable", "unreachable", "unreachable").meaning


@pytest.mark.parametrize("kind", [kind for kind, error in BY_KIND.items() if error.blames_upstream])
def test_every_reason_has_a_sentence_and_every_state_is_another(kind: str) -> None:
    found = health(kind, kind, kind)
    assert found.meaning.endswith(".")
    states = {health(*each).state for each in ((), (None,), ("capacity",), (kind,) * 3)}
    assert len(states) == 4
