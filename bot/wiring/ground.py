"""What every side of the bot stands on: what the operator said, the database, who watches, time and ids."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.catalogue.model import Catalogue
from bot.clock import Clock, NewId
from bot.config import Settings
from bot.jobs.ports import Alarm
from bot.observing.confidential import Confidential
from bot.observing.watch import Watch
from bot.store.engine import Store, opened_store
from bot.wiring.catalogue import catalogue_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    settings: Settings
    catalogue: Catalogue
    store: Store
    watch: Watch
    alarm: Alarm
    clock: Clock
    new_id: NewId

    @property
    def alone(self) -> bool:
        """No other process works on this database."""
        return self.settings.database_url.startswith("sqlite")


@asynccontextmanager
async def opened_ground(
    settings: Settings, *, clock: Clock, new_id: NewId, confidential: Confidential
) -> AsyncIterator[Ground]:
    """
    Raises:
        DatabaseTakenError, NewerSchemaError: see `store`.
        CatalogueError: the models in the settings are not understood; no database was touched.
    """
    watch = Watch(confidential=confidential, new_id=new_id, database_url=settings.database_url)
    catalogue = catalogue_of(settings)
    async with opened_store(settings.database_url, clock=clock) as store:
        yield Ground(
            settings=settings,
            catalogue=catalogue,
            store=store,
            watch=watch,
            alarm=watch.alarm,
            clock=clock,
            new_id=new_id,
        )
