from datetime import UTC, datetime, timedelta

import pytest
from configured_upstreams import a_model, an_upstream

from bot.catalogue.model import Tier
from bot.upstreams.registry import Registry

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
ENDED = NOW - timedelta(days=30)


def test_a_service_is_found_by_its_name_and_one_that_is_gone_keeps_its_name_on_cards() -> None:
    registry = Registry([an_upstream("fal", a_model())])
    assert "fal" in registry
    assert registry.upstream("fal").label == registry.label("fal") == "FAL"
    assert "acme" not in registry
    assert registry.label("acme") == "acme"
    with pytest.raises(KeyError):
        registry.upstream("acme")


def test_two_services_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="fal"):
        Registry([an_upstream("fal"), an_upstream("fal")])


def test_a_model_of_two_services_is_offered_once_as_the_first_of_them_has_it() -> None:
    ours, theirs = a_model("reed", receives="Ours"), a_model("reed", receives="Theirs")
    registry = Registry([an_upstream("relay", theirs), an_upstream("maker", ours, tier=Tier.OFFICIAL)])
    assert [each.receives for each in registry.offered(NOW)] == ["Ours"]
    preferred = Registry([an_upstream("relay", theirs), an_upstream("mine", ours, priority=1)])
    assert [each.receives for each in preferred.offered(NOW)] == ["Ours"]


def test_a_retired_model_is_hidden_from_the_hour_on_and_still_understood_as_a_name() -> None:
    registry = Registry([an_upstream("openai", a_model("sora-2", retires_at=NOW)), an_upstream("fal", a_model("reed"))])
    assert [each.name for each in registry.offered(NOW - timedelta(seconds=1))] == ["sora-2", "reed"]
    assert [each.name for each in registry.offered(NOW)] == ["reed"]
    found = registry.find("Sora-2")
    assert found is not None
    assert found.retires_at == NOW


def test_retirement_belongs_to_the_service_not_to_the_name() -> None:
    registry = Registry(
        [an_upstream("openai", a_model("sora-2", retires_at=ENDED)), an_upstream("mine", a_model("sora-2"))]
    )
    assert [each.name for each in registry.offered(NOW)] == ["sora-2"]
    found = registry.find("sora-2")
    assert found is not None
    assert found.retires_at is None


@pytest.mark.parametrize("text", ["seedance-2", "SEEDANCE-2", " Seedance 2.0 ", "sd2"])
def test_a_model_is_found_by_name_label_or_alias_in_any_case(text: str) -> None:
    registry = Registry([an_upstream("fal", a_model("seedance-2", label="Seedance 2.0", aliases=("SD2",)))])
    found = registry.find(text)
    assert found is not None
    assert found.name == "seedance-2"


def test_a_models_own_name_counts_before_anothers_alias() -> None:
    registry = Registry([an_upstream("fal", a_model("new", aliases=("reed",)), a_model("reed"))])
    found = registry.find("reed")
    assert found is not None
    assert found.name == "reed"


def test_nothing_is_found_for_a_name_that_nobody_has() -> None:
    registry = Registry([an_upstream("fal", a_model("reed"))])
    assert registry.find("oboe") is None
    assert registry.find("") is None


def test_a_slip_of_the_finger_gets_the_nearest_model_that_can_be_picked() -> None:
    registry = Registry(
        [an_upstream("fal", a_model("seedance-2"), a_model("kling-3"), a_model("seedance-1", retires_at=ENDED))]
    )
    assert registry.suggest("seedanse-1", NOW) == "seedance-2"
    assert registry.suggest("Klng-3", NOW) == "kling-3"
    assert registry.suggest("xyzzy", NOW) is None


def test_the_preview_is_offered_only_where_it_is_alone_and_always_understood() -> None:
    preview = an_upstream("preview", a_model("preview"), tier=Tier.PREVIEW)
    alone = Registry([preview])
    beside = Registry([preview, an_upstream("fal", a_model("reed"))])
    assert alone.preview_only
    assert [each.name for each in alone.offered(NOW)] == ["preview"]
    assert not beside.preview_only
    assert [each.name for each in beside.offered(NOW)] == ["reed"]
    assert beside.find("preview") is not None
