"""Circuits on our tables: read, folded and written under the row, so that replicas see one health."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col

from bot.jobs.ports import Healths
from bot.providers.errors import Retired
from bot.store import incidents
from bot.store.engine import Store
from bot.store.locking import locked
from bot.store.tables.upstreams import CircuitRow
from bot.store.upsert import insert_for
from bot.upstreams.circuit import Circuit, CircuitState, leased, observed, operator_acted
from bot.upstreams.health import HealthState
from bot.upstreams.incidents import WHOLE_SERVICE
from bot.upstreams.router import model_circuit

_log = logging.getLogger(__name__)

_FIELDS = tuple(each.name for each in fields(Circuit))


class StoredHealths:
    """`jobs.ports.Healths`, one transaction per call."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def circuits(self) -> Mapping[str, Circuit]:
        return await self._store.read(circuits)

    async def observe(self, upstream: str, *, error_kind: str | None, now: datetime, model: str | None = None) -> None:
        """Fold one outcome in; one line in the log when a service goes out, one when it is back."""
        before, after = await self._store.write(
            lambda session: observe(session, upstream, error_kind=error_kind, now=now, model=model)
        )
        if after.state is not (CircuitState.CLOSED if before is None else before.state):
            told = {"service": upstream, "state": after.state.value, "reason": after.reason, "retry_at": after.retry_at}
            _log.log(logging.INFO if after.is_closed else logging.WARNING, "circuit changed", extra=told)

    async def lease_trial(self, upstream: str, *, job_id: str, now: datetime) -> bool:
        return await self._store.write(lambda session: lease_trial(session, upstream, job_id=job_id, now=now))

    async def operator_acted(self, *, now: datetime) -> None:
        """At start: a new key or a paid bill is noticed by the next job, not in hours."""
        await self._store.write(lambda session: mended(session, now=now))


def circuits(session: Session) -> dict[str, Circuit]:
    return {row.name: _circuit(row) for row in session.scalars(sa.select(CircuitRow))}


def observe(
    session: Session, upstream: str, *, error_kind: str | None, now: datetime, model: str | None = None
) -> tuple[Circuit | None, Circuit]:
    """Fold one outcome into a circuit, under its row. Before (None: the first ever) and after.

    The retirement of a known `model` opens that model's circuit and leaves the account's alone: retirement belongs to
    (service, model).
    """
    retired = model is not None and error_kind == Retired.kind
    name = model_circuit(upstream, model) if retired and model is not None else upstream
    version = session.execute(_locked(session, name, now)).scalar_one()
    row = session.get_one(CircuitRow, name, populate_existing=True)
    before = None if version == 1 else _circuit(row)
    after = observed(before, error_kind=error_kind, now=now)
    _changed(session, row, after)
    _noted(session, upstream, model if retired and model else WHOLE_SERVICE, before, after, now)
    return before, after


def _noted(session: Session, upstream: str, model: str, before: Circuit | None, after: Circuit, now: datetime) -> None:
    """What the change of a circuit means for incidents, in the same transaction."""
    if after.is_closed:
        if before is not None and not before.is_closed:
            incidents.over(session, upstream, model, now=now)
    elif after.state is CircuitState.OPEN and after != before:
        state = HealthState.RETIRED if after.reason == Retired.kind else HealthState.SUSPENDED
        incidents.trouble(session, upstream, model, state=state, cause=after.reason, now=now)


def lease_trial(session: Session, upstream: str, *, job_id: str, now: datetime) -> bool:
    """Be the one job that tries a service that was out, compared and set. True also where no trial is needed."""
    row = locked(session, CircuitRow, upstream)
    if row is None:
        return True
    after = leased(_circuit(row), job_id=job_id, now=now)
    return after is not None and _changed(session, row, after)


def mended(session: Session, *, now: datetime) -> None:
    for row in session.scalars(sa.select(CircuitRow).order_by(col(CircuitRow.name)).with_for_update()).all():
        _changed(session, row, operator_acted(_circuit(row), now=now))


def _locked(session: Session, name: str, now: datetime) -> "ReturningInsert[int]":
    """Create the row or raise its version: the lock on both engines. Reading first would fold into a value that is just
    being changed. Version 1 means: it is new.
    """
    return (
        insert_for(session, CircuitRow)
        .values(name=name, version=1, **_columns(Circuit(since=now)))
        .on_conflict_do_update(index_elements=["name"], set_={"version": CircuitRow.version + 1})
        .returning(col(CircuitRow.version))
    )


def _changed(session: Session, row: CircuitRow, after: Circuit) -> bool:
    """False: somebody changed the row since it was read."""
    if _circuit(row) == after:
        return True
    result = session.execute(
        sa.update(CircuitRow)
        .where(col(CircuitRow.name) == row.name, col(CircuitRow.version) == row.version)
        .values(version=row.version + 1, **_columns(after))
        .execution_options(synchronize_session=False)
    )
    return bool(isinstance(result, sa.CursorResult) and result.rowcount)


def _circuit(row: CircuitRow) -> Circuit:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Circuit(**values | {"state": CircuitState(row.state)})


def _columns(circuit: Circuit) -> dict[str, Any]:
    return asdict(circuit) | {"state": circuit.state.value}


_: type[Healths] = StoredHealths
