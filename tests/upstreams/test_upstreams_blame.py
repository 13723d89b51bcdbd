"""One model's failure or the whole service's: what stays in use, how fast the rest goes out, and chance is neither."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.errors import BY_KIND
from bot.upstreams.blame import OF_SERVICE, TOGETHER, Folded, folded
from bot.upstreams.circuit import OPENS_AT, TRUST_MAX, Circuit, CircuitState, allows, leased

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
OF_MODEL = sorted(
    kind for kind, error in BY_KIND.items() if error.blames_upstream and error not in OF_SERVICE and kind != "retired"
)
MODELS = ("wan", "kling", "veo")


class Service:
    """A service under orders, one after the other."""

    def __init__(self, *, now: datetime = NOW) -> None:
        self.service: Circuit | None = None
        self.models: dict[str, Circuit] = {}
        self.now = now

    def after(self, *outcomes: tuple[str, str | None], apart: timedelta = timedelta()) -> "Service":
        for model, kind in outcomes:
            now = self.now
            found: Folded = folded(self.service, self.models, model=model, error_kind=kind, now=now)
            self.service, self.models = found.service, {**self.models, **found.models}
            self.now += apart
        return self

    @property
    def in_use(self) -> bool:
        return self.service is None or self.service.is_closed

    def takes(self, model: str) -> bool:
        circuits = (self.service, self.models.get(model))
        return all(each is None or allows(each, job_id="j", now=self.now) for each in circuits)


@pytest.mark.parametrize("kind", OF_MODEL)
def test_a_model_that_fails_is_left_alone_and_the_service_stays_in_use(kind: str) -> None:
    found = Service().after(*[("wan", kind)] * 3)
    assert found.in_use
    assert (found.takes("wan"), found.takes("kling")) == (False, True)


@pytest.mark.parametrize("kind", ["auth", "quota"])
def test_key_and_money_are_the_services_at_once(kind: str) -> None:
    found = Service().after(("wan", kind))
    assert not found.in_use
    assert found.models == {}


def test_what_cannot_be_reached_is_the_service() -> None:
    found = Service().after(*[("wan", "unreachable")] * 3)
    assert not found.in_use
    assert found.models == {}


@pytest.mark.parametrize("kind", OF_MODEL)
def test_when_a_second_model_fails_too_it_is_the_service_and_the_models_are_cleared(kind: str) -> None:
    found = Service().after(*[("wan", kind)] * 3, ("kling", kind))
    assert not found.in_use
    assert all(each.is_closed for each in found.models.values())


def test_a_success_of_another_model_in_between_says_that_the_service_works() -> None:
    assert Service().after(*[("wan", "capacity")] * 3, ("kling", None), ("kling", "capacity")).in_use


def test_failures_of_two_models_an_hour_apart_are_two_stories() -> None:
    apart = TOGETHER + timedelta(minutes=1)
    found = Service().after(*[("wan", "capacity")] * 3)
    found.now += apart
    assert found.after(("kling", "capacity")).in_use


def test_a_retired_model_is_not_evidence_against_its_service() -> None:
    found = Service().after(("old", "retired"), *[("wan", "capacity")] * 3)
    assert found.in_use
    assert not found.takes("old")


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("trusted", [False, True])
def test_of_a_service_that_is_broken_no_model_takes_more_than_five_orders_and_all_together_six(
    seed: int, trusted: bool
) -> None:
    chance = random.Random(seed)
    found = Service()
    if trusted:
        found.after(*[(model, None) for model in MODELS * 5])
    taken: dict[str, int] = dict.fromkeys(MODELS, 0)
    while found.in_use and (open_to := [each for each in MODELS if found.takes(each)]):
        model = chance.choice(open_to)
        taken[model] += 1
        found.after((model, "capacity"))
    assert max(taken.values()) <= OPENS_AT + TRUST_MAX
    assert sum(taken.values()) <= OPENS_AT + TRUST_MAX + 1


def test_one_order_in_ten_failing_by_chance_takes_out_no_service_and_hardly_ever_a_model() -> None:
    """Who is out after five failures in a row is out by chance once in 110,000 orders at the very best; twice at most
    in these 40,000 says that we are near it. Once in 150,000 was measured over 300,000.
    """
    chance, models_out = random.Random(1), 0
    for _ in range(80):
        found = Service().after(("wan", None), ("wan", None))
        for _ in range(500):
            model = chance.choice(MODELS)
            found.after((model, "capacity" if chance.random() < 0.1 else None), apart=timedelta(minutes=3))
            assert found.in_use
            out = [name for name, each in found.models.items() if not each.is_closed]
            models_out += len(out)
            for name in out:
                del found.models[name]
    assert models_out <= 2


def test_while_a_service_is_out_one_job_of_any_model_brings_it_back() -> None:
    found = Service().after(*[("wan", "capacity")] * 3, ("kling", "capacity"))
    assert found.service is not None
    assert found.service.retry_at is not None
    found.now = found.service.retry_at
    found.service = leased(found.service, job_id="j", now=found.now)
    found.after(("kling", None))
    assert found.in_use
    assert found.takes("wan")


def test_a_trial_of_a_model_that_is_refused_for_its_prompt_passes_on() -> None:
    found = Service().after(*[("wan", "capacity")] * 3)
    broken = found.models["wan"]
    assert broken.retry_at is not None
    found.now = broken.retry_at
    trial = leased(broken, job_id="j", now=found.now)
    assert trial is not None
    found.models["wan"] = trial
    found.after(("wan", "moderation"))
    assert found.models["wan"].state is CircuitState.OPEN
    assert found.takes("wan")


@given(
    history=st.lists(st.tuples(st.sampled_from(MODELS), st.sampled_from([None, *BY_KIND]), st.integers(0, 900))),
)
def test_through_any_history_one_models_failures_alone_never_take_out_a_service_in_use(
    history: list[tuple[str, str | None, int]],
) -> None:
    found = Service()
    for model, kind, seconds in history:
        found.now += timedelta(seconds=seconds)
        before, others = found.in_use, [each for name, each in found.models.items() if name != model]
        failing = [each for each in others if each.failed_at is not None and each.reason != "retired"]
        found.after((model, kind))
        if before and not found.in_use:
            assert kind is not None
            assert BY_KIND[kind] in OF_SERVICE or failing
        if kind is not None and not BY_KIND[kind].blames_upstream:
            assert found.in_use is before
