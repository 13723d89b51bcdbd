"""`upstreams.incidents.Incidents` on our tables, in the transactions that change circuits."""

from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.store.engine import Store
from bot.store.tables.upstreams import IncidentRow
from bot.store.upsert import insert_for
from bot.upstreams.health import HealthState
from bot.upstreams.incidents import WHOLE_SERVICE, Incident, Incidents

GOES_ON_WITHIN = timedelta(minutes=10)

_FIELDS = tuple(each.name for each in fields(Incident))


class StoredIncidents:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self) -> tuple[Incident, ...]:
        wanted = sa.select(IncidentRow).where(col(IncidentRow.ended_at).is_(None)).order_by(col(IncidentRow.id))
        return await self._store.read(lambda session: _incidents(session, wanted))

    async def changed_since(self, at: datetime) -> tuple[Incident, ...]:
        changed = col(IncidentRow.last_changed_at)
        wanted = sa.select(IncidentRow).where(changed >= at).order_by(changed, col(IncidentRow.id))
        return await self._store.read(lambda session: _incidents(session, wanted))

    async def incident(self, incident_id: int) -> Incident | None:
        wanted = sa.select(IncidentRow).where(col(IncidentRow.id) == incident_id)
        found = await self._store.read(lambda session: _incidents(session, wanted))
        return found[0] if found else None

    async def moved(self, upstream: str, *, extra_usd_micros: int, now: datetime, model: str = WHOLE_SERVICE) -> None:
        def work(session: Session) -> None:
            moved(session, upstream, model, extra_usd_micros=extra_usd_micros, now=now)

        await self._store.write(work)


def trouble(
    session: Session, upstream: str, model: str, *, state: HealthState, cause: str, now: datetime, page_words: str = ""
) -> None:
    """Open an incident, or change the one that is open.

    A model's trouble is a part of its service's while that is in trouble itself. The first one of a model grows into
    the service's when the service follows, so that people see one message go on; the others end in it.
    """
    if model and open_of(session, upstream) is not None:
        return
    row = open_of(session, upstream, model)
    if row is None and not model:
        row = _grown(session, upstream, now)
    if row is None:
        row = _just_ended(session, upstream, model, now)
    changes: dict[str, Any] = {"state": state.value, "cause": cause, "ended_at": None, "removed": False}
    if page_words:
        changes["page_words"] = page_words
    if row is not None:
        _change(session, row, now, **changes)
        return
    values: dict[str, Any] = {
        "started_at": now,
        "last_changed_at": now,
        "jobs_moved": 0,
        "extra_usd_micros": 0,
        "page_words": "",
    }
    new = insert_for(session, IncidentRow).values(upstream=upstream, model=model, version=1, **values | changes)
    session.execute(new.on_conflict_do_nothing())


def said(session: Session, upstream: str, *, page_words: str, now: datetime) -> None:
    """What the service's own page says about its open incident."""
    row = open_of(session, upstream)
    if row is not None:
        _change(session, row, now, page_words=page_words)


def over(session: Session, upstream: str, model: str = WHOLE_SERVICE, *, now: datetime, removed: bool = False) -> None:
    """End the open incident, if there is one. `removed`: not because it is well again."""
    row = open_of(session, upstream, model)
    if row is not None:
        _change(session, row, now, ended_at=max(now, row.started_at), removed=removed)


def moved(session: Session, upstream: str, model: str, *, extra_usd_micros: int, now: datetime) -> None:
    """Count a video that left: in the service's incident, else in the model's."""
    row = open_of(session, upstream) or (open_of(session, upstream, model) if model else None)
    if row is not None:
        extra = row.extra_usd_micros + max(0, extra_usd_micros)
        _change(session, row, now, jobs_moved=row.jobs_moved + 1, extra_usd_micros=extra)


def open_of(session: Session, upstream: str, model: str = WHOLE_SERVICE) -> IncidentRow | None:
    """The open incident, locked."""
    wanted = sa.select(IncidentRow).where(
        col(IncidentRow.upstream) == upstream,
        col(IncidentRow.model) == model,
        col(IncidentRow.ended_at).is_(None),
    )
    return session.scalars(wanted.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def _just_ended(session: Session, upstream: str, model: str, now: datetime) -> IncidentRow | None:
    """One that ended a moment ago goes on: a service that flaps is one story, not ten."""
    wanted = (
        sa.select(IncidentRow)
        .where(col(IncidentRow.upstream) == upstream, col(IncidentRow.model) == model)
        .where(col(IncidentRow.ended_at) >= now - GOES_ON_WITHIN, col(IncidentRow.part_of).is_(None))
        .order_by(col(IncidentRow.id).desc())
        .limit(1)
        .with_for_update()
    )
    return session.scalars(wanted, execution_options={"populate_existing": True}).one_or_none()


def _grown(session: Session, upstream: str, now: datetime) -> IncidentRow | None:
    """The oldest open one of the service's models, made the service's own; the others end in it.

    Not of a model that is gone for good: it is as gone when the service is well again.
    """
    wanted = (
        sa.select(IncidentRow)
        .where(col(IncidentRow.upstream) == upstream, col(IncidentRow.ended_at).is_(None))
        .where(col(IncidentRow.state) != HealthState.RETIRED.value)
        .order_by(col(IncidentRow.id))
        .with_for_update()
    )
    rows = session.scalars(wanted, execution_options={"populate_existing": True}).all()
    if not rows:
        return None
    first, *others = rows
    for each in others:
        _change(session, each, now, ended_at=now, part_of=first.id)
    _change(session, first, now, model=WHOLE_SERVICE)
    return first


def _change(session: Session, row: IncidentRow, now: datetime, **changes: Any) -> None:
    if all(getattr(row, name) == value for name, value in changes.items()):
        return
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.last_changed_at = max(row.last_changed_at, now)
    session.flush()


def _incidents(session: Session, wanted: sa.Select[IncidentRow]) -> tuple[Incident, ...]:
    return tuple(incident_of(row) for row in session.scalars(wanted))


def incident_of(row: IncidentRow) -> Incident:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Incident(**values | {"state": HealthState(row.state)})


_: type[Incidents] = StoredIncidents
