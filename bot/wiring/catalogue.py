"""The catalogue as this operator has it: the packaged facts, and the tables of `sora.toml` over them."""

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Catalogue
from bot.catalogue.own_tables import OwnServices, with_own_tables
from bot.config import Settings
from bot.wiring.accounts import ACCOUNTS
from bot.wiring.servers import VARIANTS
from bot.wiring.services import PREVIEW


def own_services(settings: Settings) -> OwnServices:
    """Every service by the name that its tables call it, with a key or without."""
    return OwnServices(
        accounts={PREVIEW: PREVIEW} | {each.name: each.protocol for each in ACCOUNTS},
        servers={name: VARIANTS[each.variant] for name, each in settings.videos_servers.items()},
    )


def catalogue_of(settings: Settings) -> Catalogue:
    """
    Raises:
        CatalogueError: with every problem of the tables.
    """
    return with_own_tables(load_catalogue(), settings.models, own_services(settings))
