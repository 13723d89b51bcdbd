"""From settings to services: what an operator says about an account wins over the catalogue."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.catalogue.loader import CatalogueError, load_catalogue
from bot.clock import SystemClock
from bot.config import SettingsError, load
from bot.observing.confidential import Confidential
from bot.wiring.accounts import ACCOUNTS
from bot.wiring.servers import VARIANTS
from bot.wiring.services import opened_services

SLACK = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
TOLD = SLACK | {
    "FAL_KEY": "fal-key",
    "SORA_VIDEOS_URL": "http://127.0.0.1:9",
    "SORA_VIDEOS_MODELS": "wave=0.10/s",
}


def service_account() -> dict[str, Any]:
    """As Google gives it out, with a key made here."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"type": "service_account", "client_email": "bot@acme.example", "private_key": private.decode()}


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
        ({"WAVESPEED_API_KEY": "ws-1"}, {"wavespeed": "relay"}),
        ({"REPLICATE_API_TOKEN": "r8_1"}, {"replicate": "relay"}),
        ({"DASHSCOPE_API_KEY": "sk-1"}, {"dashscope_intl": "official"}),
        ({"DASHSCOPE_API_KEY": "sk-1", "SORA_DASHSCOPE_REGION": "china"}, {"dashscope_china": "official"}),
        ({"ARK_API_KEY": "ark-1"}, {"ark_byteplus": "official"}),
        ({"ARK_API_KEY": "ark-1", "SORA_ARK_VARIANT": "volcengine"}, {"ark_volcengine": "official"}),
        ({"VOLCENGINE_API_KEY": "ark-1"}, {"ark_volcengine": "official"}),
        ({"APIYI_API_KEY": "sk-1"}, {"ark_apiyi": "relay"}),
        ({"SORA_VERTEX_BUCKET": "gs://films", "GOOGLE_CLOUD_PROJECT": "acme"}, {"vertex": "official"}),
    ],
)
async def test_a_vendors_own_key_is_enough_and_every_model_of_it_is_offered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: dict[str, str], services: dict[str, str]
) -> None:
    (tmp_path / "account.json").write_text(json.dumps(service_account()))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
    for name, value in (SLACK | said).items():
        monkeypatch.setenv(name, value)
    catalogue = load_catalogue()
    async with opened_services(load(), catalogue, SystemClock()) as upstreams:
        assert {each.name: each.tier.value for each in upstreams} == services
        (upstream,) = upstreams
        assert upstream.models == tuple(each for each in catalogue.models if each.protocol == upstream.protocol.key)
        assert upstream.models


async def test_seedance_at_three_addresses_is_three_services(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"ARK_API_KEY": "ark-1", "VOLCENGINE_API_KEY": "ark-2", "APIYI_API_KEY": "sk-3"}
    for name, value in (SLACK | keys).items():
        monkeypatch.setenv(name, value)
    async with opened_services(load(), load_catalogue(), SystemClock()) as upstreams:
        assert [each.name for each in upstreams] == ["ark_byteplus", "ark_volcengine", "ark_apiyi"]
    monkeypatch.setenv("SORA_ARK_VARIANT", "volcengine")
    with pytest.raises(SettingsError, match="one and the same service"):
        load()


async def test_a_key_without_any_price_is_refused_with_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SLACK | {"LUMA_AGENTS_API_KEY": "luma-api-1"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CatalogueError) as refused:
        async with opened_services(load(), load_catalogue(), SystemClock()):
            pass
    assert all(word in str(refused.value) for word in ("LUMA_AGENTS_API_KEY", "[models.NAME]", 'service = "luma"'))


async def test_luma_with_a_price_is_sold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (SLACK | {"LUMA_AGENTS_API_KEY": "luma-api-1"}).items():
        monkeypatch.setenv(name, value)
    catalogue = load_catalogue()
    ray = replace(catalogue.models[0], name="ray-3.2", protocol="luma")
    async with opened_services(load(), replace(catalogue, models=(ray,)), SystemClock()) as (upstream,):
        assert (upstream.name, upstream.tier.value, upstream.models) == ("luma", "official", (ray,))


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "there is no file"), ("{}", "not the JSON key of a service account"), ("not json", "not the JSON key")],
)
async def test_a_wrong_file_for_vertex_is_said_in_words_without_its_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, words: str
) -> None:
    file = tmp_path / "account.json"
    if content is not None:
        file.write_text(content)
    said = {"SORA_VERTEX_BUCKET": "gs://films", "GOOGLE_CLOUD_PROJECT": "acme"}
    for name, value in (SLACK | said | {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=words):
        async with opened_services(load(), load_catalogue(), SystemClock()):
            pass


def test_vertex_wants_all_of_it_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SLACK.items():
        monkeypatch.setenv(name, value)
    assert load(GOOGLE_APPLICATION_CREDENTIALS=Path("/nowhere.json")).vertex_bucket == ""
    with pytest.raises(SettingsError, match="needs GOOGLE_APPLICATION_CREDENTIALS and GOOGLE_CLOUD_PROJECT too"):
        load(SORA_VERTEX_BUCKET="gs://films")
    with pytest.raises(SettingsError, match="gs://name"):
        load(SORA_VERTEX_BUCKET="films")


@pytest.mark.parametrize("variant", VARIANTS)
async def test_every_variant_of_a_videos_server_opens(monkeypatch: pytest.MonkeyPatch, variant: str) -> None:
    for name, value in TOLD.items():
        if name != "FAL_KEY":
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("SORA_VIDEOS_VARIANT", variant)
    async with opened_services(load(), load_catalogue(), SystemClock()) as (upstream,):
        assert (upstream.protocol.key, upstream.models[0].name) == (VARIANTS[variant], "wave")


SERVERS = """
[servers.harbour]
url = "http://127.0.0.1:8/v1"
key = "harbour-key-1"
models = "tide=0.08/s 12s, tide-best=0.30/s best"
label = "Harbour"
in_flight_max = 3

[servers.maker]
url = "https://videos.example.com"
variant = "openai"
models = "aurora=0.10/s"
tier = "official"
webhook_secret = "whsec_bWFrZXItc2VjcmV0LTAwMDE="
"""


async def test_each_server_of_the_file_is_a_service_beside_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sora.toml").write_text(SERVERS)
    settings = load()
    async with opened_services(settings, load_catalogue(), SystemClock()) as upstreams:
        found = {each.name: (each.label, each.tier.value, [one.name for one in each.models]) for each in upstreams}
        assert found["videos"] == ("127.0.0.1", "relay", ["wave"])
        assert found["harbour"] == ("Harbour", "relay", ["tide", "tide-best"])
        assert found["maker"] == ("videos.example.com", "official", ["aurora"])
        assert {each.name: (each.in_flight_max, each.webhook) for each in upstreams if each.name != "fal"} == {
            "videos": (10, False),
            "harbour": (3, False),
            "maker": (10, True),
        }
    cleaned = Confidential.of(settings).cleaned("harbour-key-1 and whsec_bWFrZXItc2VjcmV0LTAwMDE=")
    assert "harbour" not in cleaned
    assert "bWFrZXI" not in cleaned


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ('[servers.fal]\nurl = "http://127.0.0.1:8"\nmodels = "a=free"', "another service is called that"),
        ('[servers.x]\nurl = "http://127.0.0.1:8"\nmodels = "a"', "no price"),
    ],
)
async def test_a_server_that_cannot_be_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, words: str
) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sora.toml").write_text(file)
    with pytest.raises(CatalogueError, match=words):
        async with opened_services(load(), load_catalogue(), SystemClock()):
            pass


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ('[servers.videos]\nurl = "http://127.0.0.1:8"', '"videos" cannot be'),
        ('[servers."Big One"]\nurl = "http://127.0.0.1:8"', '"Big One" cannot be'),
        ('[servers.x]\nurl = "relay.example.com"', "https://"),
    ],
)
def test_a_servers_name_and_address_are_looked_at_with_the_other_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, words: str
) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sora.toml").write_text(file)
    with pytest.raises(SettingsError, match=words):
        load()


def test_every_account_speaks_a_protocol_of_the_catalogue_and_has_a_name_of_its_own() -> None:
    protocols = load_catalogue().protocols
    assert [each.name for each in ACCOUNTS if each.protocol not in protocols] == []
    assert len({each.name for each in ACCOUNTS}) == len(ACCOUNTS)
