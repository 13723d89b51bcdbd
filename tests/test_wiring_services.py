"""From settings to services: what an operator says about an account wins over the catalogue."""

import pytest

from bot.catalogue.loader import load_catalogue
from bot.clock import SystemClock
from bot.config import load
from bot.wiring.accounts import ACCOUNTS
from bot.wiring.services import VARIANTS, opened_services

TOLD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "FAL_KEY": "fal-key",
    "SORA_VIDEOS_URL": "http://127.0.0.1:9",
    "SORA_VIDEOS_MODELS": "wave=0.10/s",
}


@pytest.mark.parametrize(
    ("said", "bounds"),
    [
        ({}, {"fal": (10, 60), "videos": (10, 60)}),
        (
            {"SORA_FAL_IN_FLIGHT_MAX": "40", "SORA_VIDEOS_IN_FLIGHT_MAX": "2", "SORA_VIDEOS_SUBMITS_PER_MINUTE": "300"},
            {"fal": (40, 60), "videos": (2, 300)},
        ),
    ],
)
async def test_the_accounts_own_bounds_win_over_the_catalogues(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], bounds: dict[str, tuple[int, int]]
) -> None:
    for name, value in (TOLD | said).items():
        monkeypatch.setenv(name, value)
    async with opened_services(load(), load_catalogue(), SystemClock()) as upstreams:
        assert {each.name: (each.in_flight_max, each.submits_per_minute) for each in upstreams} == bounds


@pytest.mark.parametrize(
    ("said", "services"),
    [
        ({"RUNWAYML_API_SECRET": "key_1"}, {"runway": "official"}),
        ({"GEMINI_API_KEY": "AIza-1"}, {"gemini": "official"}),
        ({"KLING_API_KEY": "api-key-kling-1"}, {"kling": "official"}),
        ({"KLING_ACCESS_KEY": "AK1", "KLING_SECRET_KEY": "SK1"}, {"kling_legacy": "official"}),
        ({"MINIMAX_API_KEY": "mm-1"}, {"minimax": "official"}),
        ({"XAI_API_KEY": "xai-1"}, {"xai": "official"}),
        ({"OPENROUTER_API_KEY": "sk-or-1"}, {"openrouter": "relay"}),
        ({"REPLICATE_API_TOKEN": "r8_1"}, {"replicate": "relay"}),
        ({"DASHSCOPE_API_KEY": "sk-1"}, {"dashscope_intl": "official"}),
        ({"DASHSCOPE_API_KEY": "sk-1", "SORA_DASHSCOPE_REGION": "china"}, {"dashscope_china": "official"}),
        ({"ARK_API_KEY": "ark-1"}, {"ark_byteplus": "official"}),
        ({"ARK_API_KEY": "ark-1", "SORA_ARK_VARIANT": "apiyi"}, {"ark_apiyi": "relay"}),
    ],
)
async def test_a_vendors_own_key_is_enough_and_every_model_of_it_is_offered(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, str], services: dict[str, str]
) -> None:
    slack = {name: value for name, value in TOLD.items() if name.startswith("SLACK")}
    for name, value in (slack | said).items():
        monkeypatch.setenv(name, value)
    catalogue = load_catalogue()
    async with opened_services(load(), catalogue, SystemClock()) as upstreams:
        assert {each.name: each.tier.value for each in upstreams} == services
        (upstream,) = upstreams
        assert upstream.models == tuple(each for each in catalogue.models if each.protocol == upstream.protocol.key)
        assert upstream.models


@pytest.mark.parametrize("variant", VARIANTS)
async def test_every_variant_of_a_videos_server_opens(monkeypatch: pytest.MonkeyPatch, variant: str) -> None:
    for name, value in TOLD.items():
        if name != "FAL_KEY":
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("SORA_VIDEOS_VARIANT", variant)
    async with opened_services(load(), load_catalogue(), SystemClock()) as (upstream,):
        assert (upstream.protocol.key, upstream.models[0].name) == (VARIANTS[variant], "wave")


def test_every_account_speaks_a_protocol_of_the_catalogue_and_has_a_name_of_its_own() -> None:
    protocols = load_catalogue().protocols
    assert [each.name for each in ACCOUNTS if each.protocol not in protocols] == []
    assert len({each.name for each in ACCOUNTS}) == len(ACCOUNTS)
