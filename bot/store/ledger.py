"""Lines of the ledger on our tables: a job's hold, new lines with their balances, and all of them added up again.

Functions of an open transaction; they never commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.quota.ledger import Balance, Entry, EntryKind, apply, hold_key, recomputed
from bot.store import balances
from bot.store.balances import BalanceKey, Payers
from bot.store.tables.quota import LedgerEntryRow
from bot.store.upsert import table_of

# Built once, as in `balances`.
_ENTRY = table_of(LedgerEntryRow)
_ENTRIES = sa.select(*_ENTRY.c).where(_ENTRY.c.entry_key.in_(sa.bindparam("of_keys", expanding=True)))
_OF_JOB = sa.select(*_ENTRY.c).where(_ENTRY.c.job_id == sa.bindparam("job_id"))
_INSERT_ENTRY = sa.insert(_ENTRY)


class NoHoldError(Exception):
    """A bug of ours: money is to move for a job that never had any reserved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Money set aside for one job, booked to the day and month it was asked in."""

    job_id: str
    payers: Payers
    usd_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """One line of the ledger on its way there."""

    held: Held
    entry: Entry
    at: datetime
    attempt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A job's lines of the ledger, under the lock on its balances."""

    keys: frozenset[str]
    has_closed: bool
    """Its hold was closed by one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """A balance that is not what the ledger adds up to."""

    key: BalanceKey
    stored: Balance
    recomputed: Balance


def recompute(session: Session, team_id: str) -> tuple[Discrepancy, ...]:
    """Add the whole ledger up again and compare. Empty: every balance is right to the micro-dollar."""
    stored = balances.seen_of_team(session, team_id)
    entries: dict[BalanceKey, list[Entry]] = {}
    for row in session.scalars(sa.select(LedgerEntryRow).where(col(LedgerEntryRow.team_id) == team_id)):
        for key in _payers(row).keys:
            entries.setdefault(key, []).append(_entry(row))
    found = (
        Discrepancy(key=key, stored=stored.get(key, Balance()), recomputed=recomputed(entries.get(key, ())))
        for key in sorted(stored.keys() | entries.keys())
    )
    return tuple(each for each in found if each.stored != each.recomputed)


def locked_hold(session: Session, job_id: str) -> tuple[Held, Lines]:
    """The hold with what was added to it and taken from it since, and what else was booked."""
    held = holds_of(session, [job_id]).get(job_id)
    if held is None:
        raise NoHoldError(job_id)
    balances.locked(session, held.payers.keys)
    rows = session.execute(_OF_JOB, {"job_id": job_id}).all()
    signs = {EntryKind.RAISE.value: 1, EntryKind.LOWER.value: -1}
    more = sum(signs.get(row.kind, 0) * row.usd_micros for row in rows)
    lines = Lines(keys=frozenset(row.entry_key for row in rows), has_closed=any(row.closes is not None for row in rows))
    return replace(held, usd_micros=held.usd_micros + more), lines


def book(session: Session, booked: Sequence[Booked]) -> None:
    """Write the lines, and bring the locked balances to what they make of them."""
    if not booked:
        return
    session.execute(_INSERT_ENTRY, [_line(each) for each in booked])
    changes: dict[BalanceKey, Balance] = {}
    for each in booked:
        for key in each.held.payers.keys:
            changes[key] = apply(changes.get(key, Balance()), each.entry)
    balances.add(session, changes)


def _line(booked: Booked) -> dict[str, Any]:
    held, entry = booked.held, booked.entry
    return {
        "entry_key": entry.key,
        "job_id": held.job_id,
        "closes": None if entry.closed_usd_micros is None else hold_key(held.job_id),
        "team_id": held.payers.team_id,
        "user_id": held.payers.user_id,
        "slack_channel_id": held.payers.slack_channel_id,
        "day": held.payers.day,
        "month": held.payers.month,
        "kind": entry.kind.value,
        "attempt_id": booked.attempt_id,
        "usd_micros": entry.usd_micros,
        "closed_usd_micros": entry.closed_usd_micros,
        "booked_at": booked.at,
    }


def holds_of(session: Session, job_ids: Sequence[str]) -> dict[str, Held]:
    rows = session.execute(_ENTRIES, {"of_keys": [hold_key(each) for each in job_ids]})
    return {row.job_id: Held(job_id=row.job_id, payers=_payers(row), usd_micros=row.usd_micros) for row in rows}


def _payers(row: Any) -> Payers:
    return Payers(
        team_id=row.team_id,
        user_id=row.user_id,
        slack_channel_id=row.slack_channel_id,
        day=row.day,
        month=row.month,
    )


def _entry(row: LedgerEntryRow) -> Entry:
    return Entry(
        key=row.entry_key,
        kind=EntryKind(row.kind),
        usd_micros=row.usd_micros,
        closed_usd_micros=row.closed_usd_micros,
    )
