"""Accounts become upstreams: each gets the client its adapter speaks through, closed by whoever opened it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from bot.catalogue.model import Catalogue, Model, Protocol, Tier
from bot.clock import Clock
from bot.providers.base import VideoProvider
from bot.providers.transport import opened_client
from bot.upstreams.registry import Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One configured account at one service. `key` is the secret itself and never printed."""

    name: str
    label: str
    tier: Tier
    protocol: str
    base_url: str
    headers: Mapping[str, str]
    models: tuple[Model, ...]
    webhook_secret: str | None = None
    priority: int = 0

    def __repr__(self) -> str:
        return f"Account({self.name})"


MakeProvider = Callable[[httpx.AsyncClient, Protocol, Account, Clock], VideoProvider]


@asynccontextmanager
async def opened_upstreams(
    accounts: Sequence[Account], catalogue: Catalogue, makers: Mapping[str, MakeProvider], clock: Clock
) -> AsyncIterator[tuple[Upstream, ...]]:
    async with AsyncExitStack() as owned:
        upstreams = []
        for account in accounts:
            protocol = catalogue.protocols[account.protocol]
            base_url = account.base_url or protocol.base_url
            client = await owned.enter_async_context(
                opened_client(
                    base_url=base_url,
                    headers=account.headers,
                    submit_timeout_s=protocol.submit_timeout_s,
                    status_timeout_s=protocol.status_timeout_s,
                    trusted_origins=frozenset({_origin(base_url)}) if account.base_url else frozenset(),
                )
            )
            upstreams.append(
                Upstream(
                    name=account.name,
                    label=account.label,
                    tier=account.tier,
                    protocol=protocol,
                    provider=makers[protocol.provider](client, protocol, account, clock),
                    models=account.models,
                    priority=account.priority,
                    in_flight_max=protocol.in_flight_max,
                    submits_per_minute=protocol.submits_per_minute,
                    webhook=protocol.webhooks,
                )
            )
        yield tuple(upstreams)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
