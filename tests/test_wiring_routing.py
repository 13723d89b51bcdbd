"""From settings to whom the registry asks first, and whom never."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from scripted_service import a_model, an_upstream

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Tier
from bot.config import SettingsError, load
from bot.providers.base import VideoProvider
from bot.upstreams.policy import Policy, WhenAllDown
from bot.upstreams.registry import Registry
from bot.wiring.routing import registry_of

CATALOGUE = load_catalogue()
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def registry(**settings: Any) -> Registry:
    """Two services: `harbour`, a relay, and `maker`."""
    provider = cast(VideoProvider, object())
    services = (
        an_upstream(provider, "harbour", tier=Tier.RELAY),
        an_upstream(provider, "maker", models=(a_model("gong"),)),
    )
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    return registry_of(services, load(**tokens, **settings), CATALOGUE)


def test_out_of_the_box_the_makers_come_first_and_who_is_out_is_waited_for() -> None:
    routing = registry().routing
    assert (routing.policy, routing.when_all_down, routing.accepts_reverse) == (
        Policy.OFFICIAL,
        WhenAllDown.QUEUE,
        False,
    )


def test_names_of_services_models_and_pairs_are_taken_from_one_line() -> None:
    routing = registry(SORA_PREFER="harbour, maker/gong", SORA_DISABLE="gong,kling", SORA_ROUTING="fastest").routing
    assert (routing.preferred, routing.disabled) == (("harbour", "maker/gong"), {"gong", "kling"})
    assert routing.policy is Policy.FASTEST


def test_a_name_that_nothing_has_is_refused_in_words() -> None:
    with pytest.raises(SettingsError) as refused:
        registry(SORA_PREFER="harbor", SORA_DISABLE="maker/gong,tuba")
    assert refused.value.problems == [
        "SORA_PREFER: there is no service and no model called harbor.",
        "SORA_DISABLE: there is no service and no model called tuba.",
    ]


def test_unofficial_access_is_off_until_its_risk_is_accepted_and_says_what_it_is() -> None:
    services = {"services": {"harbour": {"tier": "reverse", "priority": 3}}}
    off, on = registry(**services), registry(**services, SORA_ACCEPT_REVERSE_RISK=True)
    found = on.upstream("harbour")
    assert (found.tier, found.priority) == (Tier.REVERSE, 3)
    assert found.label == "Harbour (unofficial access)"
    assert found.models[0].receives == "the test (unofficial access)"
    assert [each.name for each in off.offered(NOW)] == ["gong"]
    assert {each.name for each in on.offered(NOW)} == {"gong", "wave-1"}
