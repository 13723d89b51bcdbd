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
from bot.providers.fal import Fal
from bot.providers.gemini_omni import GeminiOmni
from bot.providers.runway import Runway
from bot.providers.transport import opened_client

Made = Callable[[httpx.AsyncClient, Protocol, Clock, str | None], VideoProvider]
"""From an open client, the catalogue's facts, and the secret that signs webhooks, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`name` is that of the upstream and of its table in `sora.toml`; `protocol` the catalogue's key of it."""

    name: str
    tier: Tier
    protocol: str
    key: Callable[[Settings], SecretStr | None]
    headers: Callable[[str], Mapping[str, str]]
    made: Made
    webhook_secret: Callable[[Settings], SecretStr | None] = lambda _: None


def _bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _ark(variant: str, tier: Tier) -> Account:
    return Account(
        name=f"ark_{variant}",
        tier=tier,
        protocol=f"ark/{variant}",
        key=lambda settings: settings.ark_key if settings.ark_variant == variant else None,
        headers=_bearer,
        made=lambda client, protocol, clock, _: Ark(client, protocol, clock),
    )


ACCOUNTS = (
    Account(
        name="fal",
        tier=Tier.RELAY,
        protocol="fal",
        key=lambda settings: settings.fal_key,
        headers=lambda key: {"Authorization": f"Key {key}"},
        made=lambda client, protocol, clock, _: Fal(client, protocol, clock),
    ),
    Account(
        name="runway",
        tier=Tier.OFFICIAL,
        protocol="runway",
        key=lambda settings: settings.runway_key,
        headers=_bearer,
        made=lambda client, protocol, _clock, _: Runway(client, protocol),
    ),
    Account(
        name="gemini",
        tier=Tier.OFFICIAL,
        protocol="gemini_omni",
        key=lambda settings: settings.gemini_key,
        headers=lambda key: {"x-goog-api-key": key},
        made=lambda client, protocol, clock, secret: GeminiOmni(client, protocol, clock, webhook_secret=secret),
        webhook_secret=lambda settings: settings.gemini_webhook_secret,
    ),
    _ark("byteplus", Tier.OFFICIAL),
    _ark("volcengine", Tier.OFFICIAL),
    _ark("apiyi", Tier.RELAY),
)


FAL = ACCOUNTS[0]


@asynccontextmanager
async def opened_account(
    account: Account,
    key: SecretStr,
    protocol: Protocol,
    clock: Clock,
    *,
    url: str = "",
    webhook_secret: SecretStr | None = None,
) -> AsyncIterator[VideoProvider]:
    """`url` in place of the catalogue's: a gateway of one's own, or a double."""
    async with opened_client(
        base_url=url or protocol.base_url,
        headers=account.headers(key.get_secret_value()),
        submit_timeout_s=protocol.submit_timeout_s,
        status_timeout_s=protocol.status_timeout_s,
    ) as client:
        secret = webhook_secret.get_secret_value() if webhook_secret is not None else None
        yield account.made(client, protocol, clock, secret)
