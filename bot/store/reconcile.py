"""Attempts as a comparison with a service's own list needs them. Only read."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.attempt import AttemptState
from bot.jobs.reconcile import OurRender
from bot.quota.ledger import EntryKind
from bot.store.tables.jobs import AttemptRow, JobRow
from bot.store.tables.quota import LedgerEntryRow

IDS_AT_ONCE = 500
_SPENT = (EntryKind.CAPTURE.value, EntryKind.POSSIBLY_PAID.value)


def renders_since(session: Session, upstream: str, since: datetime) -> tuple[OurRender, ...]:
    """Attempts of all workspaces at one service, newest first, with what the ledger has for each."""
    booked = (
        sa.select(col(LedgerEntryRow.attempt_id), sa.func.sum(col(LedgerEntryRow.usd_micros)).label("usd_micros"))
        .where(col(LedgerEntryRow.kind).in_(_SPENT), col(LedgerEntryRow.attempt_id).is_not(None))
        .group_by(col(LedgerEntryRow.attempt_id))
        .subquery()
    )
    wanted = (
        sa.select(AttemptRow, col(JobRow.number), booked.c.usd_micros)
        .join(JobRow, col(JobRow.id) == col(AttemptRow.job_id))
        .outerjoin(booked, booked.c.attempt_id == col(AttemptRow.id))
        .where(col(AttemptRow.upstream) == upstream, col(AttemptRow.intent_at) >= since)
        .order_by(col(AttemptRow.intent_at).desc())
    )
    return tuple(_render(row, number, int(spent or 0)) for row, number, spent in session.execute(wanted))


def known_renders(session: Session, upstream: str, among: Collection[str]) -> frozenset[str]:
    """Which of these ids any attempt of ours has, however old."""
    known: set[str] = set()
    ids = sorted(among)
    for first in range(0, len(ids), IDS_AT_ONCE):
        wanted = sa.select(col(AttemptRow.render_id)).where(
            col(AttemptRow.upstream) == upstream, col(AttemptRow.render_id).in_(ids[first : first + IDS_AT_ONCE])
        )
        known |= {each for each in session.scalars(wanted) if each is not None}
    return frozenset(known)


def _render(row: AttemptRow, number: int, booked_usd_micros: int) -> OurRender:
    return OurRender(
        attempt_id=row.id,
        number=number,
        wire_name=row.wire_name,
        render_id=row.render_id,
        state=AttemptState(row.state),
        intent_at=row.intent_at,
        submitted_at=row.submitted_at,
        usd_micros=row.usd_micros,
        booked_usd_micros=booked_usd_micros,
        cost_usd_micros=row.cost_usd_micros,
    )
