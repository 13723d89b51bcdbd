"""How an account at a service is opened: what it is opened with, and the client that its adapter speaks through."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

from bot.catalogue.model import Protocol, Tier
from bot.clock import Clock
from bot.config import Settings, SettingsError
from bot.providers.base import VideoProvider
from bot.providers.google_tokens import ServiceAccountTokens
from bot.providers.transport import opened_client
from bot.providers.veo_vertex import VeoVertex, vertex_base_url

GOOGLE_STORAGE = "https://storage.googleapis.com"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secrets:
    """What one account is opened with; `webhook` signs what the service tells us by itself."""

    key: str
    webhook: str | None = None
    signing: str = ""
    """Kept here and never sent, where the key alone does not open anything."""
    place: Mapping[str, str] = field(default_factory=dict)
    """Where the account is, for services whose addresses say so. Nothing secret."""


Opener = Callable[[Secrets, Protocol, Clock, str], AbstractAsyncContextManager[VideoProvider]]
"""The last one is an address in place of the service's own: a gateway of one's own, or a double."""
Made = Callable[[httpx.AsyncClient, Protocol, Clock, Secrets], VideoProvider]
Headers = Callable[[str], Mapping[str, str]]
"""From the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`name` is that of the upstream and of its table in `sora.toml`; `protocol` the catalogue's key of it."""

    name: str
    tier: Tier
    protocol: str
    setting: str
    """The variable that its key stands in, for whoever has to mend it."""
    keys_at: str
    """Where the service gives out keys."""
    money_at: str = ""
    """Where the account is topped up, if somewhere else."""
    more_hosts: tuple[str, ...] = ()
    """What is spoken to beside the catalogue's base URL."""
    secrets: Callable[[Settings], Secrets | None]
    """None: it is not configured."""
    opened: Opener


def bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def secrets_of(key: SecretStr | None, webhook: SecretStr | None = None) -> Secrets | None:
    if key is None:
        return None
    return Secrets(key=key.get_secret_value(), webhook=webhook.get_secret_value() if webhook is not None else None)


def by_key(made: Made, headers: Headers = bearer) -> Opener:
    """One client, its key in its headers: how all services but one are opened."""

    @asynccontextmanager
    async def opened(secrets: Secrets, protocol: Protocol, clock: Clock, url: str) -> AsyncIterator[VideoProvider]:
        async with opened_client(
            base_url=url or protocol.base_url,
            headers=headers(secrets.key),
            submit_timeout_s=protocol.submit_timeout_s,
            status_timeout_s=protocol.status_timeout_s,
        ) as client:
            yield made(client, protocol, clock, secrets)

    return opened


def vertex_secrets(settings: Settings) -> Secrets | None:
    """The service account's key and where it works; None without a bucket, whatever else the environment has.

    Raises:
        SettingsError: the file cannot be read any more.
    """
    if not settings.vertex_bucket or settings.google_credentials is None:
        return None
    try:
        key = settings.google_credentials.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"GOOGLE_APPLICATION_CREDENTIALS cannot be read ({type(error).__name__})."]) from None
    return Secrets(
        key=key,
        place={
            "project": settings.google_project,
            "location": settings.google_location,
            "bucket": settings.vertex_bucket,
        },
    )


@asynccontextmanager
async def opened_vertex(secrets: Secrets, protocol: Protocol, clock: Clock, url: str) -> AsyncIterator[VideoProvider]:
    """Two hosts and a token of the hour; `url` stands for both hosts.

    Raises:
        SettingsError: the file is not a service account's key.
    """
    place, bounds = secrets.place, (protocol.submit_timeout_s, protocol.status_timeout_s)
    base = vertex_base_url(place["project"], place["location"])
    if url:
        base = url.rstrip("/") + httpx.URL(base).path
    async with _keyless(base, bounds) as predictions, _keyless(url or GOOGLE_STORAGE, bounds) as files:
        try:
            tokens = ServiceAccountTokens(predictions, _document(secrets.key), clock)
        except ValueError as error:
            raise SettingsError([f"GOOGLE_APPLICATION_CREDENTIALS: {error}."]) from None
        yield VeoVertex(predictions, protocol, files=files, token=tokens.bearer, bucket=place["bucket"])


def _keyless(base_url: str, bounds: tuple[float, float]) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return opened_client(base_url=base_url, headers={}, submit_timeout_s=bounds[0], status_timeout_s=bounds[1])


def _document(key: str) -> Mapping[str, Any]:
    try:
        told = json.loads(key)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}
