"""What services said that videos cost, added up for whoever compares it with the catalogue."""

import logging
from datetime import datetime
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.catalogue.costs import Charged
from bot.jobs.model import AttemptState
from bot.store.alone import file_of
from bot.store.engine import Store
from bot.store.postgres import driver_url
from bot.store.tables.jobs import AttemptRow

_log = logging.getLogger(__name__)


class StoredCharges:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def since(self, since: datetime) -> list[Charged]:
        """Finished videos of all workspaces whose service said a cost, alike ones together."""
        return await self._store.read(lambda session: charged_since(session, since))


def charged_since(session: Session, since: datetime) -> list[Charged]:
    alike = (
        col(AttemptRow.upstream),
        col(AttemptRow.model),
        col(AttemptRow.length_s),
        col(AttemptRow.width_px),
        col(AttemptRow.height_px),
    )
    rows = session.execute(
        sa.select(*alike, sa.func.count(), sa.func.sum(col(AttemptRow.cost_usd_micros)))
        .where(
            col(AttemptRow.cost_usd_micros).is_not(None),
            col(AttemptRow.state) == AttemptState.SUCCEEDED.value,
            col(AttemptRow.ended_at) >= since,
        )
        .group_by(*alike)
        .order_by(*alike)
    )
    return [
        Charged(
            service=upstream,
            model=model,
            length_s=length_s,
            size_px=(width, height),
            videos=videos,
            usd_micros=int(usd_micros or 0),
        )
        for upstream, model, length_s, width, height, videos, usd_micros in rows
    ]


def read_beside(url: str, since: datetime) -> list[Charged]:
    """The same from beside a bot that may be running: nothing is locked, changed or created.

    Empty where there is no database, or one that has no such tables yet.
    """
    file = file_of(url)
    if file is not None and not file.exists():
        return []
    read_only = f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true" if file is not None else driver_url(url)
    engine = sa.create_engine(read_only, poolclass=sa.NullPool)
    try:
        with Session(engine) as session:
            return charged_since(session, since)
    except (sa.exc.OperationalError, sa.exc.ProgrammingError) as error:
        _log.warning("what videos cost could not be read (%s)", type(error.orig).__name__)
        return []
    finally:
        engine.dispose()
