"""From settings to services: which accounts there are, and how each adapter is opened."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from bot.catalogue.model import Catalogue, Model, Protocol, Tier
from bot.catalogue.problems import CatalogueError
from bot.clock import Clock
from bot.config import Settings
from bot.providers.base import VideoProvider
from bot.providers.errors import ProviderError
from bot.upstreams.registry import Upstream
from bot.wiring.accounts import ACCOUNTS
from bot.wiring.opening import Account, Secrets
from bot.wiring.servers import opened_server, servers_of

PREVIEW = "preview"


@asynccontextmanager
async def opened_services(
    settings: Settings, catalogue: Catalogue, clock: Clock
) -> AsyncIterator[tuple[Upstream, ...]]:
    """Every configured service, or the preview alone when there is none.

    Raises:
        CatalogueError: a service has a key and no model with a price; models in the settings are not understood.
        SettingsError: a file that the settings name does not hold what it should.
    """
    async with AsyncExitStack() as owned:
        upstreams = []
        for account in ACCOUNTS:
            secrets = account.secrets(settings)
            if secrets is not None:
                opened = _opened_vendor(account, secrets, settings, catalogue, clock)
                upstreams.append(await owned.enter_async_context(opened))
        for name, server in servers_of(settings, taken=frozenset(each.name for each in ACCOUNTS)).items():
            upstreams.append(await owned.enter_async_context(opened_server(name, server, catalogue, clock)))
        if not upstreams:
            # Here and not above: its drawing brings numpy, a fifth of a second that no other service needs.
            from bot.providers.preview import opened_preview

            protocol = catalogue.protocols[PREVIEW]
            folder = settings.spool / "preview"
            preview = await owned.enter_async_context(opened_preview(protocol, folder, clock))
            upstreams.append(
                _upstream(PREVIEW, protocol.label, Tier.PREVIEW, protocol, preview, _models(catalogue, PREVIEW))
            )
        yield tuple(upstreams)


@asynccontextmanager
async def _opened_vendor(
    account: Account, secrets: Secrets, settings: Settings, catalogue: Catalogue, clock: Clock
) -> AsyncIterator[Upstream]:
    protocol, said = catalogue.protocols[account.protocol], settings.service(account.name)
    if said.url:  # somewhere else than at the maker's, of which the maker's page says nothing
        protocol = replace(protocol, status_page=None)
    models = _models(catalogue, account.protocol)
    if not models:
        raise CatalogueError([_without_price(account, protocol)])
    async with account.opened(secrets, protocol, clock, said.url) as provider:
        upstream = _upstream(account.name, protocol.label, account.tier, protocol, provider, models)
        bounded = _bounded(upstream, in_flight_max=said.in_flight_max, submits_per_minute=said.submits_per_minute)
        yield bounded if said.webhooks is None else replace(bounded, webhook=said.webhooks)


async def check_service(provider: VideoProvider) -> ProviderError | None:
    """One free authenticated look; None: it works."""
    try:
        await provider.check()
    except ProviderError as error:
        return error
    return None


def _upstream(
    name: str, label: str, tier: Tier, protocol: Protocol, provider: VideoProvider, models: tuple[Model, ...]
) -> Upstream:
    return Upstream(
        name=name,
        label=label,
        tier=tier,
        protocol=protocol,
        provider=provider,
        models=models,
        in_flight_max=protocol.in_flight_max,
        submits_per_minute=protocol.submits_per_minute,
        webhook=protocol.webhooks,
    )


def _bounded(
    upstream: Upstream, *, in_flight_max: int | None = None, submits_per_minute: int | None = None
) -> Upstream:
    """The account's own bounds, where the operator knows them better than the catalogue."""
    return replace(
        upstream,
        in_flight_max=in_flight_max or upstream.in_flight_max,
        submits_per_minute=submits_per_minute or upstream.submits_per_minute,
    )


def _without_price(account: Account, protocol: Protocol) -> str:
    return (
        f"{account.setting} is set, but what a video of {protocol.label} costs is not known, and unknown is never free."
        f' Give a model its price in sora.toml: a table [models.NAME] with service = "{account.name}" and'
        f' price = "0.10/s". bot/catalogue/{protocol.provider}.toml says what'
        " else is known of it. Or take the key away."
    )


def _models(catalogue: Catalogue, protocol: str) -> tuple[Model, ...]:
    return tuple(each for each in catalogue.models if each.protocol == protocol)
