"""`upstreams.past.ServicePasts`: how services have done, from checks, incidents and attempts."""

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.attempt import AttemptState
from bot.store import checks, incidents
from bot.store.engine import Store
from bot.store.probes import pages
from bot.store.tables.jobs import AttemptRow
from bot.store.tables.upstreams import CheckRow, IncidentRow
from bot.upstreams.checks import Check, Source
from bot.upstreams.incidents import Incident
from bot.upstreams.past import LONGEST, REMEMBERS, RenderTimes, ServicePast, ServicePasts, render_times, stretches


class StoredPasts:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, models: Mapping[str, AbstractSet[str]], *, now: datetime) -> Mapping[str, ServicePast]:
        return await self._store.read(lambda session: pasts(session, models, now=now))


def pasts(session: Session, models: Mapping[str, AbstractSet[str]], *, now: datetime) -> dict[str, ServicePast]:
    told, trouble = pages(session), _incidents(session, now)
    return {
        upstream: ServicePast(
            first_seen=checks.first_seen(session, upstream),
            outs=stretches(checks.turns(session, upstream)),
            times=_times(session, upstream, names),
            page=told.get(upstream),
            incidents=tuple(trouble[upstream]),
            last_look=_last_look(session, upstream),
        )
        for upstream, names in models.items()
    }


def known_models(session: Session) -> dict[str, frozenset[str]]:
    """Each service that was ever observed, with the models that orders went to: one walk over all checks."""
    pairs = session.execute(sa.select(col(CheckRow.upstream), col(CheckRow.model)).distinct()).all()
    services = {upstream for upstream, _ in pairs}
    return {each: frozenset(model for upstream, model in pairs if upstream == each and model) for each in services}


def _times(session: Session, upstream: str, models: AbstractSet[str]) -> dict[str, RenderTimes]:
    """One short walk along an index for each model."""
    found = {}
    for model in models:
        latest = (
            sa.select(col(AttemptRow.submitted_at), col(AttemptRow.ended_at))
            .where(col(AttemptRow.upstream) == upstream, col(AttemptRow.model) == model)
            .where(col(AttemptRow.state) == AttemptState.SUCCEEDED.value)
            .where(col(AttemptRow.submitted_at).is_not(None), col(AttemptRow.ended_at).is_not(None))
            .order_by(col(AttemptRow.ended_at).desc())
            .limit(REMEMBERS)
        )
        took_s = [
            max((ended - submitted).total_seconds(), 0.0)
            for submitted, ended in session.execute(latest)
            if submitted is not None and ended is not None
        ]
        if (times := render_times(took_s)) is not None:
            found[model] = times
    return found


def _incidents(session: Session, now: datetime) -> dict[str, list[Incident]]:
    wanted = (
        sa.select(IncidentRow)
        .where(sa.or_(col(IncidentRow.ended_at).is_(None), col(IncidentRow.ended_at) >= now - LONGEST))
        .where(col(IncidentRow.part_of).is_(None))
        .order_by(col(IncidentRow.id).desc())
    )
    found: dict[str, list[Incident]] = defaultdict(list)
    for row in session.scalars(wanted):
        found[row.upstream].append(incidents.incident_of(row))
    return found


def _last_look(session: Session, upstream: str) -> Check | None:
    wanted = (
        sa.select(CheckRow)
        .where(col(CheckRow.upstream) == upstream, col(CheckRow.source) == Source.CHECK.value)
        .order_by(col(CheckRow.at).desc())
        .limit(1)
    )
    row = session.scalars(wanted).one_or_none()
    return None if row is None else checks.check_of(row)


_: type[ServicePasts] = StoredPasts
