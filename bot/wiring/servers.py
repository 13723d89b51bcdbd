"""Servers that speak `/v1/videos`, by any number: the one of `SORA_VIDEOS_URL` and each `[servers.NAME]`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from bot.catalogue.model import Catalogue, Protocol, Tier
from bot.catalogue.own_models import own_models, without_clashes
from bot.catalogue.problems import CatalogueError
from bot.clock import Clock
from bot.config import ServerSetting, Settings
from bot.providers.base import VideoProvider
from bot.providers.openai_videos import OpenAIVideos
from bot.providers.transport import opened_client
from bot.providers.video_generations import VideoGenerations
from bot.upstreams.registry import Upstream

VARIANTS = {
    "openai": "openai_videos/openai",
    "azure": "openai_videos/azure",
    "relay": "openai_videos/relay",
    "new_api_videos": "openai_videos/new_api",
    "litellm": "openai_videos/litellm",
    "laozhang": "openai_videos/laozhang",
    "apiyi": "openai_videos/apiyi",
    "cometapi": "openai_videos/cometapi",
    "vllm_omni": "openai_videos/vllm_omni",
    "sglang": "openai_videos/sglang",
    "generations": "video_generations/relay",
    "evolink": "video_generations/evolink",
    "new_api": "video_generations/new_api",
}
"""From a server's variant to the catalogue's protocol."""


def servers_of(settings: Settings, *, taken: frozenset[str]) -> Mapping[str, ServerSetting]:
    """All of them by name, that of the environment first.

    Args:
        taken: names of services that are something else.

    Raises:
        CatalogueError: a server has the name of another service, in words.
    """
    servers = settings.videos_servers
    clashes = sorted(taken & servers.keys())
    if clashes:
        raise CatalogueError([f"[servers.{each}]: another service is called that already" for each in clashes])
    return servers


@asynccontextmanager
async def opened_server(name: str, said: ServerSetting, catalogue: Catalogue, clock: Clock) -> AsyncIterator[Upstream]:
    """
    Raises:
        CatalogueError: its models are not understood.
    """
    protocol = catalogue.protocols[VARIANTS[said.variant]]
    label = said.label or urlsplit(said.url).hostname or name
    line = own_models(said.models, protocol=protocol.key, catalogue=catalogue, receives=label)
    models = without_clashes((*line, *(replace(each, receives=label) for each in catalogue.of_servers.get(name, ()))))
    async with _opened_provider(said, protocol, clock) as provider:
        yield Upstream(
            name=name,
            label=label,
            tier=Tier(said.tier),
            protocol=protocol,
            provider=provider,
            models=models,
            in_flight_max=said.in_flight_max or protocol.in_flight_max,
            submits_per_minute=said.submits_per_minute or protocol.submits_per_minute,
            webhook=protocol.webhooks,
        )


def _headers(key: str, protocol: Protocol) -> Mapping[str, str]:
    """Where the key goes: as a bearer, or in a header that the variant has for it."""
    if not key:
        return {}
    own = protocol.wire.get("key_header")
    return {own: key} if own else {"Authorization": f"Bearer {key}"}


@asynccontextmanager
async def _opened_provider(said: ServerSetting, protocol: Protocol, clock: Clock) -> AsyncIterator[VideoProvider]:
    key = said.key.get_secret_value() if said.key is not None else ""
    secret = said.webhook_secret
    async with opened_client(
        base_url=said.url,
        headers=_headers(key, protocol),
        submit_timeout_s=protocol.submit_timeout_s,
        status_timeout_s=protocol.status_timeout_s,
    ) as client:
        if protocol.provider == "video_generations":
            yield VideoGenerations(client, protocol)
            return
        yield OpenAIVideos(
            client, protocol, clock, webhook_secret=secret.get_secret_value() if secret is not None else None
        )
