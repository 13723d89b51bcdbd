"""Services that a key of their vendor's own name opens: the one hand-written list of them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from bot.catalogue.model import Protocol, Tier
from bot.clock import Clock
from bot.config import Settings
from bot.providers.ark import Ark
from bot.providers.base import VideoProvider
from bot.providers.dashscope import DashScope
from bot.providers.fal import Fal
from bot.providers.gemini_omni import GeminiOmni
from bot.providers.kling import Kling
from bot.providers.kling_legacy import KeyPair, KlingLegacy
from bot.providers.minimax import MiniMax
from bot.providers.openrouter import OpenRouter
from bot.providers.replicate import Replicate
from bot.providers.runway import Runway
from bot.providers.transport import opened_client
from bot.providers.xai import XAI


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secrets:
    """What one account is opened with; `webhook` signs what the service tells us by itself."""

    key: str
    webhook: str | None = None
    signing: str = ""
    """Kept here and never sent, where the key alone does not open anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`name` is that of the upstream and of its table in `sora.toml`; `protocol` the catalogue's key of it."""

    name: str
    tier: Tier
    protocol: str
    secrets: Callable[[Settings], Secrets | None]
    """None: it is not configured."""
    headers: Callable[[str], Mapping[str, str]]
    """From the key."""
    made: Callable[[httpx.AsyncClient, Protocol, Clock, Secrets], VideoProvider]


def _bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _secrets(key: SecretStr | None, webhook: SecretStr | None = None) -> Secrets | None:
    if key is None:
        return None
    return Secrets(key=key.get_secret_value(), webhook=webhook.get_secret_value() if webhook is not None else None)


def _key_pair(settings: Settings) -> Secrets | None:
    access, secret = settings.kling_access_key, settings.kling_secret_key
    if access is None or secret is None:
        return None
    return Secrets(key=access.get_secret_value(), signing=secret.get_secret_value())


def _ark(variant: str, tier: Tier) -> Account:
    return Account(
        name=f"ark_{variant}",
        tier=tier,
        protocol=f"ark/{variant}",
        secrets=lambda settings: _secrets(settings.ark_key) if settings.ark_variant == variant else None,
        headers=_bearer,
        made=lambda client, protocol, clock, _: Ark(client, protocol, clock),
    )


def _dashscope(region: str) -> Account:
    return Account(
        name=f"dashscope_{region}",
        tier=Tier.OFFICIAL,
        protocol=f"dashscope/{region}",
        secrets=lambda settings: _secrets(settings.dashscope_key) if settings.dashscope_region == region else None,
        headers=_bearer,
        made=lambda client, protocol, clock, _: DashScope(client, protocol, clock),
    )


FAL = Account(
    name="fal",
    tier=Tier.RELAY,
    protocol="fal",
    secrets=lambda settings: _secrets(settings.fal_key),
    headers=lambda key: {"Authorization": f"Key {key}"},
    made=lambda client, protocol, clock, _: Fal(client, protocol, clock),
)

ACCOUNTS = (
    FAL,
    Account(
        name="runway",
        tier=Tier.OFFICIAL,
        protocol="runway",
        secrets=lambda settings: _secrets(settings.runway_key),
        headers=_bearer,
        made=lambda client, protocol, _clock, _: Runway(client, protocol),
    ),
    Account(
        name="kling",
        tier=Tier.OFFICIAL,
        protocol="kling",
        secrets=lambda settings: _secrets(settings.kling_key, settings.kling_webhook_secret),
        headers=_bearer,
        made=lambda client, protocol, clock, held: Kling(client, protocol, clock, webhook_secret=held.webhook),
    ),
    Account(
        name="kling_legacy",
        tier=Tier.OFFICIAL,
        protocol="kling_legacy",
        secrets=_key_pair,
        headers=lambda _: {},
        made=lambda client, protocol, clock, held: KlingLegacy(
            client, protocol, clock, keys=KeyPair(access_key=held.key, secret_key=held.signing)
        ),
    ),
    Account(
        name="gemini",
        tier=Tier.OFFICIAL,
        protocol="gemini_omni",
        secrets=lambda settings: _secrets(settings.gemini_key, settings.gemini_webhook_secret),
        headers=lambda key: {"x-goog-api-key": key},
        made=lambda client, protocol, clock, held: GeminiOmni(client, protocol, clock, webhook_secret=held.webhook),
    ),
    Account(
        name="replicate",
        tier=Tier.RELAY,
        protocol="replicate",
        secrets=lambda settings: _secrets(settings.replicate_key),
        headers=_bearer,
        made=lambda client, protocol, clock, _: Replicate(client, protocol, clock),
    ),
    Account(
        name="minimax",
        tier=Tier.OFFICIAL,
        protocol="minimax",
        secrets=lambda settings: _secrets(settings.minimax_key),
        headers=_bearer,
        made=lambda client, protocol, clock, _: MiniMax(client, protocol, clock),
    ),
    Account(
        name="xai",
        tier=Tier.OFFICIAL,
        protocol="xai",
        secrets=lambda settings: _secrets(settings.xai_key),
        headers=_bearer,
        made=lambda client, protocol, clock, _: XAI(client, protocol, clock),
    ),
    Account(
        name="openrouter",
        tier=Tier.RELAY,
        protocol="openrouter",
        secrets=lambda settings: _secrets(settings.openrouter_key, settings.openrouter_webhook_secret),
        headers=_bearer,
        made=lambda client, protocol, clock, held: OpenRouter(client, protocol, clock, webhook_secret=held.webhook),
    ),
    _ark("byteplus", Tier.OFFICIAL),
    _ark("volcengine", Tier.OFFICIAL),
    _ark("apiyi", Tier.RELAY),
    _dashscope("intl"),
    _dashscope("china"),
)


@asynccontextmanager
async def opened_account(
    account: Account, secrets: Secrets, protocol: Protocol, clock: Clock, *, url: str = ""
) -> AsyncIterator[VideoProvider]:
    """`url` in place of the catalogue's: a gateway of one's own, or a double."""
    async with opened_client(
        base_url=url or protocol.base_url,
        headers=account.headers(secrets.key),
        submit_timeout_s=protocol.submit_timeout_s,
        status_timeout_s=protocol.status_timeout_s,
    ) as client:
        yield account.made(client, protocol, clock, secrets)
