"""Circuits on our tables: read, folded and written under the service's row, so that replicas see one health.

Functions of an open transaction, which writes the outcome, the circuits it changes and the incident that begins or ends
with them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.store import checks, incidents
from bot.store.locking import locked
from bot.store.tables.upstreams import CircuitRow
from bot.store.upsert import insert_for, table_of
from bot.upstreams.bands import Band, band_after
from bot.upstreams.blame import Folded, folded
from bot.upstreams.checks import BACK, OUT, Check, Source, looked, verdict_of
from bot.upstreams.circuit import Circuit, CircuitState, leased, observed, operator_acted
from bot.upstreams.health import trouble_in
from bot.upstreams.incidents import WHOLE_SERVICE
from bot.upstreams.router import model_circuit

_FIELDS = tuple(each.name for each in fields(Circuit))
_CIRCUIT = table_of(CircuitRow)
_ALL = sa.select(*_CIRCUIT.c)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A circuit before and after an outcome. Before: None where nothing was ever observed."""

    upstream: str
    model: str = WHOLE_SERVICE
    before: Circuit | None
    after: Circuit

    @property
    def turned(self) -> bool:
        return self.after.state is not (CircuitState.CLOSED if self.before is None else self.before.state)


def circuits(session: Session) -> dict[str, Circuit]:
    """By name; of a model, `model_circuit`."""
    return {row.name: _circuit(row) for row in session.execute(_ALL) if row.version}


def observe(
    session: Session,
    upstream: str,
    *,
    error_kind: str | None,
    now: datetime,
    model: str | None = None,
    attempt_id: str = "",
) -> tuple[Change, ...]:
    """Fold the outcome of an order into its service's circuit and its model's.

    Without a model it is nobody's order (a status call that failed, say), and the service's alone.
    """
    before = _locked(session, upstream, now)
    service = before[WHOLE_SERVICE]
    if model is None:
        after = Folded(service=observed(service, error_kind=error_kind, now=now), models={})
    else:
        verdict = verdict_of(error_kind).value
        order = Check(upstream=upstream, model=model, at=now, source=Source.RENDER, status=verdict)
        about = checks.prompt_of(session, attempt_id)
        checks.keep(session, replace(order, error_kind=error_kind or "", about=about))
        models = {name: circuit for name, circuit in before.items() if name and circuit is not None}
        after = folded(service, models, model=model, error_kind=error_kind, now=now)
    banded = _banded(session, upstream, after.service, now)
    return _written(session, upstream, before, {WHOLE_SERVICE: banded, **after.models}, now)


def look(
    session: Session,
    upstream: str,
    *,
    error_kind: str | None,
    response_ms: int | None,
    has_passed: bool,
    now: datetime,
) -> tuple[Change, ...]:
    """Fold a free look into the service's circuit; see `upstreams.checks.looked`."""
    before = _locked(session, upstream, now)
    verdict = verdict_of(error_kind).value
    seen = Check(upstream=upstream, at=now, source=Source.CHECK, status=verdict, response_ms=response_ms)
    checks.keep(session, replace(seen, error_kind=error_kind or ""))
    after = looked(before[WHOLE_SERVICE], error_kind=error_kind, has_passed=has_passed, now=now)
    return _written(session, upstream, before, {WHOLE_SERVICE: _banded(session, upstream, after, now)}, now)


def lease_trial(session: Session, upstream: str, *, job_id: str, now: datetime, model: str | None = None) -> bool:
    """Be the one job that tries a service, or a model of it, that was out. True also where no trial is needed."""
    names = [upstream] if model is None else [upstream, model_circuit(upstream, model)]
    rows = [row for name in names if (row := locked(session, CircuitRow, name)) is not None]
    asked = [(row, leased(_circuit(row), job_id=job_id, now=now)) for row in rows]
    if any(after is None for _, after in asked):
        return False
    return all(_changed(session, row, after) for row, after in asked if after is not None)


def mended(session: Session, *, now: datetime) -> None:
    for row in session.scalars(sa.select(CircuitRow).order_by(col(CircuitRow.name)).with_for_update()).all():
        _changed(session, row, operator_acted(_circuit(row), now=now))


def _locked(session: Session, upstream: str, now: datetime) -> dict[str, Circuit | None]:
    """A service's circuit and those of its models, by model; nobody else folds into them until the commit.

    Written before it is read: what was read first could be just being changed. Version 0: nothing was ever observed.
    """
    found = insert_for(session, CircuitRow).values(name=upstream, version=0, **_columns(Circuit(since=now)))
    session.execute(found.on_conflict_do_update(index_elements=["name"], set_={"name": upstream}))
    own = _CIRCUIT.c.name.startswith(model_circuit(upstream, ""), autoescape=True)
    rows = session.execute(_ALL.where(sa.or_(_CIRCUIT.c.name == upstream, own))).all()
    return {row.name[len(upstream) + 1 :]: _circuit(row) if row.version else None for row in rows}


def _banded(session: Session, upstream: str, circuit: Circuit | None, now: datetime) -> Circuit | None:
    if circuit is None or not circuit.is_closed:
        return circuit
    window = checks.window(session, upstream, since=circuit.since, now=now)
    band = band_after(circuit.band, window, lambda: checks.usually_refused(session, upstream, now=now))
    return replace(circuit, band=band)


def _written(
    session: Session,
    upstream: str,
    before: Mapping[str, Circuit | None],
    after: Mapping[str, Circuit | None],
    now: datetime,
) -> tuple[Change, ...]:
    """Write what changed, the service first, and what it means for history and incidents."""
    changes = tuple(
        Change(upstream=upstream, model=model, before=before.get(model), after=circuit)
        for model, circuit in after.items()
        if circuit is not None and circuit != before.get(model)
    )
    for change in changes:
        _put(session, change)
    for change in changes:
        _noted(session, change, {**before, **after}, now)
    return changes


def _noted(session: Session, change: Change, circuits: Mapping[str, Circuit | None], now: datetime) -> None:
    was, trouble = trouble_in(change.before), trouble_in(change.after)
    out_before = change.before is not None and not change.before.is_closed
    if out_before is change.after.is_closed:
        status, kind = (BACK, "") if change.after.is_closed else (OUT, change.after.reason)
        seen = Check(upstream=change.upstream, model=change.model, at=now, source=Source.CIRCUIT, status=status)
        checks.keep(session, replace(seen, error_kind=kind))
    if trouble == was:
        return
    if trouble is not None:
        incidents.trouble(session, change.upstream, change.model, state=trouble.state, cause=trouble.cause, now=now)
        return
    incidents.over(session, change.upstream, change.model, now=now)
    if change.model == WHOLE_SERVICE:
        for model, circuit in circuits.items():
            left = trouble_in(circuit) if model else None
            if left is not None:
                incidents.trouble(session, change.upstream, model, state=left.state, cause=left.cause, now=now)


def _put(session: Session, change: Change) -> None:
    name = model_circuit(change.upstream, change.model) if change.model else change.upstream
    values = _columns(change.after)
    new = insert_for(session, CircuitRow).values(name=name, version=1, **values)
    raised = {**values, "version": _CIRCUIT.c.version + 1}
    session.execute(new.on_conflict_do_update(index_elements=["name"], set_=raised))


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


def _circuit(row: Any) -> Circuit:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Circuit(**values | {"state": CircuitState(row.state), "band": Band(row.band)})


def _columns(circuit: Circuit) -> dict[str, Any]:
    return asdict(circuit) | {"state": circuit.state.value, "band": circuit.band.value}
