"""What the operator decided about services, from settings to the registry: order, preference, what is off."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.catalogue.model import Catalogue, Tier
from bot.config import Settings, SettingsError
from bot.upstreams.policy import Policy, Routing, WhenAllDown
from bot.upstreams.registry import Registry, Upstream
from bot.wiring.accounts import ACCOUNTS

UNOFFICIAL = "unofficial access"


def registry_of(upstreams: Iterable[Upstream], settings: Settings, catalogue: Catalogue) -> Registry:
    """
    Raises:
        SettingsError: a name that is to be preferred or switched off is neither a service nor a model.
    """
    configured = tuple(_as_decided(each, settings) for each in upstreams)
    _check_names(settings, configured, catalogue)
    return Registry(
        configured,
        routing=Routing(
            policy=Policy(settings.routing),
            preferred=settings.prefer,
            disabled=frozenset(settings.disable),
            accepts_reverse=settings.accept_reverse_risk,
            reverse_not_in=frozenset(settings.reverse_not_in),
            when_all_down=WhenAllDown(settings.when_all_down),
        ),
    )


def _as_decided(upstream: Upstream, settings: Settings) -> Upstream:
    """Unofficial access says so wherever its name, or who receives a prompt, is read."""
    said = settings.services.get(upstream.name)
    tier = Tier(said.tier) if said is not None and said.tier is not None else upstream.tier
    decided = replace(upstream, tier=tier, priority=said.priority if said is not None else upstream.priority)
    if tier is not Tier.REVERSE:
        return decided
    models = tuple(replace(each, receives=f"{each.receives} ({UNOFFICIAL})") for each in decided.models)
    return replace(decided, label=f"{decided.label} ({UNOFFICIAL})", models=models)


def _check_names(settings: Settings, configured: Sequence[Upstream], catalogue: Catalogue) -> None:
    """A typing error must not leave something switched on. Services without a key today are names all the same."""
    services = {each.name for each in configured} | {each.name for each in ACCOUNTS}
    models = {model.name for each in configured for model in each.models} | {each.name for each in catalogue.models}
    pairs = {f"{service}/{model}" for service in services for model in models}
    asked = {"SORA_PREFER": settings.prefer, "SORA_DISABLE": settings.disable}
    problems = [
        f"{setting}: there is no service and no model called {name}."
        for setting, names in asked.items()
        for name in names
        if name not in services | models | pairs
    ]
    if problems:
        raise SettingsError(problems)
