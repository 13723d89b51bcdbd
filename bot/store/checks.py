"""What was observed of services: kept for uptime, for export, and for how often a service succeeds and refuses."""

from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.store.tables.jobs import AttemptRow
from bot.store.tables.upstreams import CheckRow
from bot.store.upsert import table_of
from bot.upstreams.bands import WINDOW, WINDOW_AGE, Outcome, Verdict
from bot.upstreams.checks import KEPT_FOR, Check, Source

_FIELDS = tuple(each.name for each in fields(Check))
_USUAL = timedelta(days=30)
_CHECK = table_of(CheckRow)
"""What each order writes and reads, past the ORM."""
_INSERT = sa.insert(_CHECK)
_PROMPT = sa.select(table_of(AttemptRow).c.fingerprint).where(table_of(AttemptRow).c.id == sa.bindparam("attempt_id"))
_RENDERS = sa.and_(_CHECK.c.upstream == sa.bindparam("upstream"), _CHECK.c.source == Source.RENDER.value)
_WINDOW = (
    sa.select(_CHECK.c.status, _CHECK.c.about)
    .where(_RENDERS)
    .where(_CHECK.c.at >= sa.bindparam("since"), _CHECK.c.status != Verdict.NEUTRAL.value)
    .order_by(_CHECK.c.at.desc(), _CHECK.c.id.desc())
    .limit(WINDOW)
)


def keep(session: Session, check: Check) -> None:
    session.execute(_INSERT, asdict(check) | {"source": check.source.value})


def prompt_of(session: Session, attempt_id: str) -> str:
    """The same for attempts of the same prompt at the same model. Unknown attempts are all different."""
    return session.scalar(_PROMPT, {"attempt_id": attempt_id}) or attempt_id


def window(session: Session, upstream: str, *, since: datetime, now: datetime) -> tuple[Outcome, ...]:
    """The last real orders of a service, newest first, none from before it came back."""
    asked = {"upstream": upstream, "since": max(since, now - WINDOW_AGE)}
    return tuple(Outcome(verdict=Verdict(status), about=about) for status, about in session.execute(_WINDOW, asked))


def usually_refused(session: Session, upstream: str, *, now: datetime) -> float:
    """The share of prompts that a service turned down in the month before the window."""
    counted = (
        sa.select(col(CheckRow.status), sa.func.count())
        .where(_RENDERS, col(CheckRow.at) >= now - _USUAL, col(CheckRow.at) < now - WINDOW_AGE)
        .group_by(col(CheckRow.status))
    )
    by_status = dict(session.execute(counted, {"upstream": upstream}).all())
    refused, made = by_status.get(Verdict.REFUSED.value, 0), by_status.get(Verdict.OK.value, 0)
    return refused / (refused + made) if refused else 0.0


def forget(session: Session, *, now: datetime) -> None:
    session.execute(sa.delete(CheckRow).where(col(CheckRow.at) < now - KEPT_FOR))


def since(session: Session, at: datetime, *sources: Source) -> list[Check]:
    """In the order of their time; all sources where none is named."""
    wanted = sa.select(CheckRow).where(col(CheckRow.at) >= at).order_by(col(CheckRow.at), col(CheckRow.id))
    if sources:
        wanted = wanted.where(col(CheckRow.source).in_([each.value for each in sources]))
    return [check_of(row) for row in session.scalars(wanted)]


def turns(session: Session, upstream: str) -> list[Check]:
    """When its circuits went out and came back, in the order of their time."""
    wanted = (
        sa.select(CheckRow)
        .where(col(CheckRow.upstream) == upstream, col(CheckRow.source) == Source.CIRCUIT.value)
        .order_by(col(CheckRow.at), col(CheckRow.id))
    )
    return [check_of(row) for row in session.scalars(wanted)]


def first_seen(session: Session, upstream: str) -> datetime | None:
    """When history begins: one step along an index for each source, however long it is."""
    firsts = [
        session.scalar(
            sa.select(sa.func.min(col(CheckRow.at))).where(
                col(CheckRow.upstream) == upstream, col(CheckRow.source) == source.value
            )
        )
        for source in Source
    ]
    return min((at for at in firsts if at is not None), default=None)


def check_of(row: CheckRow) -> Check:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Check(**values | {"source": Source(row.source)})
