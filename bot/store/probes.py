"""`upstreams.prober.ProbeBook`: whose turn it is to look at a service, and what its status page said."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.store import checks, incidents
from bot.store.circuits import circuits
from bot.store.engine import Store
from bot.store.tables.upstreams import CircuitRow, IncidentRow, ProbeRow, StatusPageRow
from bot.store.upsert import dialect_of, insert_for, inserted
from bot.upstreams.checks import BACK, Check, Source
from bot.upstreams.health import HealthState, trouble_in
from bot.upstreams.pages import PageReport, PageSeen, PageState, page_words
from bot.upstreams.prober import ProbeBook, Turn
from bot.upstreams.router import model_circuit

_DATABASE_NOW = sa.func.timezone("utc", sa.func.clock_timestamp())


class StoredProbes:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def turns(self, *, now: datetime) -> Mapping[str, Turn]:
        return await self._store.read(lambda session: _turns(session, now))

    async def take(self, name: str, turn: Turn | None, *, every_s: float, now: datetime) -> bool:
        def work(session: Session) -> bool:
            due_at = _now(session, now) + timedelta(seconds=every_s)
            if turn is None:
                return inserted(session, ProbeRow, name=name, due_at=due_at)
            moved = (
                sa.update(ProbeRow)
                .where(col(ProbeRow.name) == name, col(ProbeRow.due_at) == datetime.fromisoformat(turn.token))
                .values(due_at=due_at)
                .execution_options(synchronize_session=False)
            )
            result = session.execute(moved)
            return bool(isinstance(result, sa.CursorResult) and result.rowcount)

        return await self._store.write(work)

    async def passed(self, name: str, *, now: datetime) -> None:
        row = sa.update(ProbeRow).where(col(ProbeRow.name) == name, col(ProbeRow.passed_at).is_(None))
        await self._store.write(lambda session: session.execute(row.values(passed_at=now)))

    async def page_seen(self, upstream: str, report: PageReport, *, now: datetime) -> None:
        await self._store.write(lambda session: page_seen(session, upstream, report, now=now))

    async def forget(self, *, now: datetime) -> None:
        await self._store.write(lambda session: checks.forget(session, now=now))

    async def configured(self, names: frozenset[str], *, now: datetime) -> None:
        """With their circuits, so that a service that comes back some day begins anew."""

        def work(session: Session) -> None:
            for row in session.scalars(sa.select(IncidentRow).where(col(IncidentRow.ended_at).is_(None))).all():
                if (model_circuit(row.upstream, row.model) if row.model else row.upstream) not in names:
                    incidents.over(session, row.upstream, row.model, now=now, removed=True)
            for name, circuit in circuits(session).items():
                if name not in names and not circuit.is_closed:
                    upstream, _, model = name.partition("/")
                    back = Check(upstream=upstream, model=model, at=now, source=Source.CIRCUIT, status=BACK)
                    checks.keep(session, back)
            gone = sa.delete(CircuitRow).where(col(CircuitRow.name).not_in(names))
            session.execute(gone.execution_options(synchronize_session=False))

        await self._store.write(work)


def pages(session: Session) -> dict[str, PageSeen]:
    """By service."""
    return {row.upstream: _page(row) for row in session.scalars(sa.select(StatusPageRow))}


def page_seen(session: Session, upstream: str, report: PageReport, *, now: datetime) -> None:
    """Keep the report, and what it means for the service's incident; maintenance alone is one of its own."""
    row = session.get(StatusPageRow, upstream)
    since = row.since if row is not None and row.state == report.state.value else now
    if row is None or row.state != report.state.value:
        seen = Check(upstream=upstream, at=now, source=Source.PAGE, status=report.state.value)
        checks.keep(session, seen)
    values: dict[str, Any] = {"state": report.state.value, "words": report.words, "since": since, "seen_at": now}
    new = insert_for(session, StatusPageRow).values(upstream=upstream, **values)
    session.execute(new.on_conflict_do_update(index_elements=["upstream"], set_=values))
    page = PageSeen(report=report, since=since, seen_at=now)
    trouble = trouble_in(circuits(session).get(upstream))
    words = page_words(page, trouble, now)
    if trouble is not None:
        incidents.said(session, upstream, page_words=words, now=now)
    elif report.state is PageState.MAINTENANCE:
        incidents.trouble(session, upstream, "", state=HealthState.MAINTENANCE, cause="", now=now, page_words=words)
    else:
        incidents.over(session, upstream, now=now)


def _turns(session: Session, now: datetime) -> dict[str, Turn]:
    here = _now(session, now)
    return {
        row.name: Turn(
            due_in_s=(row.due_at - here).total_seconds(),
            token=row.due_at.isoformat(),
            has_passed=row.passed_at is not None,
        )
        for row in session.scalars(sa.select(ProbeRow))
    }


def _now(session: Session, now: datetime) -> datetime:
    """The database's own clock where several processes share it: theirs may be minutes apart."""
    if dialect_of(session) == "sqlite":
        return now
    here: datetime = session.execute(sa.select(_DATABASE_NOW)).scalar_one()
    return here.replace(tzinfo=UTC)


def _page(row: StatusPageRow) -> PageSeen:
    report = PageReport(state=PageState(row.state), words=row.words)
    return PageSeen(report=report, since=row.since, seen_at=row.seen_at)


_: type[ProbeBook] = StoredProbes
