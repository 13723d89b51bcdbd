"""Holds, captures and releases on our tables. Functions of an open write transaction; they never commit.

Every change first locks the balance rows it will touch, then reads what it depends on, then writes ledger and balances.
(A sum read before the first write let 29 of 40 orders through a limit of 10 on SQLite; seen 2026-11.) What may be read
before the lock is the hold's own entry, because entries never change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.quota.ledger import (
    Balance,
    Entry,
    EntryKind,
    apply,
    capture_key,
    hold_key,
    recomputed,
    rehold_key,
    release_key,
)
from bot.quota.limits import Limit, OverLimit, Standing, refusal, standings
from bot.store import balances
from bot.store.balances import BalanceKey, Payers, payers_of
from bot.store.tables.quota import LedgerEntryRow
from bot.store.upsert import table_of

__all__ = ["OverLimit", "Standing"]  # part of the answers

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
class _Booked:
    """One line of the ledger on its way there."""

    held: Held
    entry: Entry
    at: datetime
    attempt_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
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


class Holds:
    """Holds of one transaction, however many orders it takes: their balances are locked before the first is asked.

    What one order reserves the next one sees; `write` brings it all to the tables.
    """

    def __init__(self, session: Session, wanted: Sequence[Held], *, limits: Sequence[Limit], tz: ZoneInfo) -> None:
        self._session = session
        self._limits = limits
        self._tz = tz
        self._balances = balances.locked(session, (key for each in wanted for key in each.payers.keys))
        self._held = _holds_of(session, [each.job_id for each in wanted])
        self._booked: list[_Booked] = []

    def ask(self, held: Held, *, now: datetime) -> Held | OverLimit:
        """Reserve the most a job may cost, if every limit takes it. Repeating it answers with the hold there is."""
        earlier = self._held.get(held.job_id)
        if earlier is not None:
            return earlier
        standing_now = standings(self._limits, held.payers.by_limit(self._balances), now, self._tz)
        over = refusal(standing_now, held.usd_micros)
        if over is not None:
            return over
        entry = Entry(key=hold_key(held.job_id), kind=EntryKind.HOLD, usd_micros=held.usd_micros)
        for key in held.payers.keys:
            self._balances[key] = apply(self._balances[key], entry)
        self._held[held.job_id] = held
        self._booked.append(_Booked(held=held, entry=entry, at=now))
        return held

    def write(self) -> None:
        _book(self._session, self._booked)


def capture(session: Session, *, job_id: str, attempt_id: str, usd_micros: int, now: datetime) -> bool:
    """Book what one attempt really cost, above its hold too. False: this attempt was booked before, nothing changed.

    The first capture of a job closes its hold; one that comes after the close (a late video) adds to what was spent.

    Raises:
        NoHoldError: the job never had a hold.
    """
    return _spend(session, EntryKind.CAPTURE, job_id=job_id, attempt_id=attempt_id, usd_micros=usd_micros, now=now)


def book_possibly_paid(session: Session, *, job_id: str, attempt_id: str, usd_micros: int, now: datetime) -> bool:
    """Count as spent what nobody could find out (mission B5). Like `capture`; a video that does come is paid for."""
    kind = EntryKind.POSSIBLY_PAID
    return _spend(session, kind, job_id=job_id, attempt_id=attempt_id, usd_micros=usd_micros, now=now)


def risk(
    session: Session,
    *,
    job_id: str,
    attempt_id: str,
    usd_micros: int,
    limits: Sequence[Limit],
    tz: ZoneInfo,
    now: datetime,
) -> bool:
    """Count an attempt as possibly paid and leave the hold, for one more try. False: a limit does not take both."""
    held, lines = _locked_hold(session, job_id)
    if lines.has_closed:
        return False
    found = held.payers.by_limit(balances.seen(session, held.payers))
    if refusal(standings(limits, found, now, tz), usd_micros) is not None:
        return False
    entry = Entry(key=capture_key(job_id, attempt_id), kind=EntryKind.POSSIBLY_PAID, usd_micros=usd_micros)
    _book(session, [_Booked(held=held, entry=entry, at=now, attempt_id=attempt_id)])
    return True


def spend_of_hold(session: Session, *, job_id: str, attempt_id: str, usd_micros: int, now: datetime) -> int | None:
    """Book a try that made nothing as spent, and take as much from the hold, which stays open for the next try.

    What stays reserved; None: it was booked before, or the hold is closed, and nothing changed.
    """
    held, lines = _locked_hold(session, job_id)
    key = capture_key(job_id, attempt_id)
    if key in lines.keys or lines.has_closed:
        return None
    less = min(usd_micros, held.usd_micros)
    spent = Entry(key=key, kind=EntryKind.CAPTURE, usd_micros=usd_micros)
    lowered = Entry(key=rehold_key(job_id, attempt_id), kind=EntryKind.LOWER, usd_micros=less)
    _book(session, [_Booked(held=held, entry=each, at=now, attempt_id=attempt_id) for each in (spent, lowered)])
    return held.usd_micros - less


def rehold(
    session: Session,
    *,
    job_id: str,
    question_id: str,
    usd_micros: int,
    limits: Sequence[Limit],
    tz: ZoneInfo,
    now: datetime,
) -> OverLimit | None:
    """Make the hold this much, as its person agreed to in this question. OverLimit: nothing was changed.

    A limit is asked as if the job were new at the new price: its own money and clip do not stand in its way.

    Raises:
        NoHoldError: the job has no hold that is still open.
    """
    held, lines = _locked_hold(session, job_id)
    if lines.has_closed:
        raise NoHoldError(job_id)
    more = usd_micros - held.usd_micros
    if more > 0:
        given_back = Entry(key="", kind=EntryKind.RELEASE, usd_micros=0, closed_usd_micros=held.usd_micros)
        without = {key: apply(each, given_back) for key, each in balances.seen(session, held.payers).items()}
        over = refusal(standings(limits, held.payers.by_limit(without), now, tz), usd_micros)
        if over is not None:
            return over
    kind = EntryKind.RAISE if more > 0 else EntryKind.LOWER
    entry = Entry(key=rehold_key(job_id, question_id), kind=kind, usd_micros=abs(more))
    _book(session, [_Booked(held=held, entry=entry, at=now)] if more else [])
    return None


def release(session: Session, *, job_id: str, now: datetime) -> bool:
    """Give the reserved money back. False: the hold is closed already, nothing changed.

    Raises:
        NoHoldError: the job never had a hold.
    """
    held, lines = _locked_hold(session, job_id)
    if lines.has_closed:
        return False
    entry = Entry(
        key=release_key(job_id),
        kind=EntryKind.RELEASE,
        usd_micros=held.usd_micros,
        closed_usd_micros=held.usd_micros,
    )
    _book(session, [_Booked(held=held, entry=entry, at=now)])
    return True


def standing(
    session: Session,
    *,
    team_id: str,
    user_id: str,
    slack_channel_id: str,
    limits: Sequence[Limit],
    now: datetime,
    tz: ZoneInfo,
) -> tuple[Standing, ...]:
    """Used, reserved and left under each limit, for `/sora quota`. Reads only."""
    payers = payers_of(team_id=team_id, user_id=user_id, slack_channel_id=slack_channel_id, now=now, tz=tz)
    return standings(limits, payers.by_limit(balances.seen(session, payers)), now, tz)


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


def _spend(session: Session, kind: EntryKind, *, job_id: str, attempt_id: str, usd_micros: int, now: datetime) -> bool:
    if usd_micros < 0:
        raise ValueError("a price below zero")
    held, lines = _locked_hold(session, job_id)
    key = capture_key(job_id, attempt_id)
    if key in lines.keys:
        return False
    closed = None if lines.has_closed else held.usd_micros
    entry = Entry(key=key, kind=kind, usd_micros=usd_micros, closed_usd_micros=closed)
    _book(session, [_Booked(held=held, entry=entry, at=now, attempt_id=attempt_id)])
    return True


def _locked_hold(session: Session, job_id: str) -> tuple[Held, _Lines]:
    """The hold with what was added to it and taken from it since, and what else was booked."""
    held = _holds_of(session, [job_id]).get(job_id)
    if held is None:
        raise NoHoldError(job_id)
    balances.locked(session, held.payers.keys)
    rows = session.execute(_OF_JOB, {"job_id": job_id}).all()
    signs = {EntryKind.RAISE.value: 1, EntryKind.LOWER.value: -1}
    more = sum(signs.get(row.kind, 0) * row.usd_micros for row in rows)
    lines = _Lines(
        keys=frozenset(row.entry_key for row in rows), has_closed=any(row.closes is not None for row in rows)
    )
    return replace(held, usd_micros=held.usd_micros + more), lines


def _book(session: Session, booked: Sequence[_Booked]) -> None:
    """Write the lines, and bring the locked balances to what they make of them."""
    if not booked:
        return
    session.execute(_INSERT_ENTRY, [_line(each) for each in booked])
    changes: dict[BalanceKey, Balance] = {}
    for each in booked:
        for key in each.held.payers.keys:
            changes[key] = apply(changes.get(key, Balance()), each.entry)
    balances.add(session, changes)


def _line(booked: _Booked) -> dict[str, Any]:
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


def _holds_of(session: Session, job_ids: Sequence[str]) -> dict[str, Held]:
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
