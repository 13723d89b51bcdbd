"""What services said that videos cost, added up for whoever compares it with the catalogue."""

import logging
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.catalogue.costs import Charged
from bot.jobs.attempt import AttemptState
from bot.store.beside import looking_beside
from bot.store.refusals import CannotOpenError
from bot.store.tables.jobs import AttemptRow

_log = logging.getLogger(__name__)


def charged_since(session: Session, since: datetime) -> list[Charged]:
    """Finished videos of all workspaces whose service said a cost, alike ones together."""
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
    try:
        with looking_beside(url) as session:
            return charged_since(session, since)
    except CannotOpenError as error:
        _log.warning("what videos cost could not be read: %s", error)
        return []
