"""A service's own list of models, in each shape that the catalogue says."""

from typing import Any

import pytest
from raw_service import Told, raw_service
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.errors import AuthFailed, CapacityFailed
from bot.providers.gemini_omni import GeminiOmni
from bot.providers.model_lists import ListsModels
from bot.providers.openai_videos import OpenAIVideos
from bot.providers.openrouter import OpenRouter
from bot.providers.runway import Runway
from bot.providers.transport import opened_client
from bot.providers.xai import XAI

CATALOGUE = load_catalogue()
SHAPES: list[tuple[str, Any, Any, str, set[str], dict[str, str]]] = [
    (
        "openai_videos/relay",
        OpenAIVideos,
        {"object": "list", "data": [{"id": "muse-video"}, {"id": "gpt-9"}, {"id": 7}, {}]},
        "/v1/models",
        {"muse-video", "gpt-9"},
        {"muse-video": ""},
    ),
    (
        "openrouter",
        OpenRouter,
        {"data": [{"id": "a/b", "name": "A B"}]},
        "/videos/models",
        {"a/b"},
        {"a/b": "A B"},
    ),
    (
        "gemini_omni",
        GeminiOmni,
        {"models": [{"name": "models/gemini-omni-1.2-flash", "displayName": "Omni"}, {"name": "models/gemini-3"}]},
        "/v1beta/models?pageSize=1000",
        {"gemini-omni-1.2-flash", "gemini-3"},
        {"gemini-omni-1.2-flash": "Omni"},
    ),
    (
        "runway",
        Runway,
        {"creditBalance": 1, "tier": {"models": {"gen4.5": {"maxConcurrentGenerations": 2}}}},
        "/v1/organization",
        {"gen4.5"},
        {"gen4.5": ""},
    ),
    ("xai", XAI, {"data": [{"id": "grok-imagine-video"}, {"id": "grok-5"}]}, "/v1/models",
     {"grok-imagine-video", "grok-5"}, {"grok-imagine-video": ""}),
]  # fmt: skip


def made(key: str, kind: Any, client: Any) -> ListsModels:
    protocol = CATALOGUE.protocols[key]
    adapter = kind(client, protocol) if kind is Runway else kind(client, protocol, VirtualClock())
    assert isinstance(adapter, ListsModels)
    return adapter


async def listed(key: str, kind: Any, told: Told) -> tuple[Any, list[str]]:
    async with raw_service(told) as service:
        async with opened_client(
            base_url=service.base,
            headers={"Authorization": "Bearer k-12345678"},
            submit_timeout_s=5,
            status_timeout_s=5,
        ) as client:
            return await made(key, kind, client).models_now(), [each.path for each in service.asked]


@pytest.mark.parametrize(("key", "kind", "body", "path", "names", "videos"), SHAPES, ids=[each[0] for each in SHAPES])
async def test_the_list_is_read(key: str, kind: Any, body: Any, path: str, names: Any, videos: Any) -> None:
    found, asked = await listed(key, kind, Told(body=body))
    assert (found.names, dict(found.videos), asked) == (names, videos, [path])


@pytest.mark.parametrize(("key", "kind"), [each[:2] for each in SHAPES])
@pytest.mark.parametrize("body", [{}, [], "page", {"data": 1, "models": "x", "tier": []}])
async def test_what_is_no_list_is_no_proof(key: str, kind: Any, body: Any) -> None:
    with pytest.raises(CapacityFailed):
        await listed(key, kind, Told(body=body))


async def test_a_wrong_key_is_said() -> None:
    with pytest.raises(AuthFailed):
        await listed("openai_videos/relay", OpenAIVideos, Told(status=401, body={"error": {"message": "no"}}))
