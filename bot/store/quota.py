"""Holds, captures and releases on our tables. Functions of an open write transaction; they never commit.

Every change first locks the balance rows it will touch, then reads what it depends on, then writes ledger and balances.
(A sum read before the first write let 29 of 40 orders through a limit of 10 on SQLite; seen 2026-11.) What may be read
before the lock is the hold's own entry, because entries never change.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.quota.ledger import Entry, EntryKind, apply, capture_key, hold_key, rehold_key, release_key
from bot.quota.limits import Limit, OverLimit, Standing, refusal, standings
from bot.store import balances
from bot.store.balances import payers_of
from bot.store.ledger import Booked, Held, NoHoldError, book, holds_of, locked_hold

__all__ = ["OverLimit", "Standing"]  # part of the answers


class Holds:
    """Holds of one transaction, however many orders it takes: their balances are locked before the first is asked.

    What one order reserves the next one sees; `write` brings it all to the tables.
    """

    def __init__(self, session: Session, wanted: Sequence[Held], *, limits: Sequence[Limit], tz: ZoneInfo) -> None:
        self._session = session
        self._limits = limits
        self._tz = tz
        self._balances = balances.locked(session, (key for each in wanted for key in each.payers.keys))
        self._held = holds_of(session, [each.job_id for each in wanted])
        self._booked: list[Booked] = []

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
        self._booked.append(Booked(held=held, entry=entry, at=now))
        return held

    def write(self) -> None:
        book(self._session, self._booked)


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
    held, lines = locked_hold(session, job_id)
    if lines.has_closed:
        return False
    found = held.payers.by_limit(balances.seen(session, held.payers))
    if refusal(standings(limits, found, now, tz), usd_micros) is not None:
        return False
    entry = Entry(key=capture_key(job_id, attempt_id), kind=EntryKind.POSSIBLY_PAID, usd_micros=usd_micros)
    book(session, [Booked(held=held, entry=entry, at=now, attempt_id=attempt_id)])
    return True


def spend_of_hold(session: Session, *, job_id: str, attempt_id: str, usd_micros: int, now: datetime) -> int | None:
    """Book a try that made nothing as spent, and take as much from the hold, which stays open for the next try.

    What stays reserved; None: it was booked before, or the hold is closed, and nothing changed.
    """
    held, lines = locked_hold(session, job_id)
    key = capture_key(job_id, attempt_id)
    if key in lines.keys or lines.has_closed:
        return None
    less = min(usd_micros, held.usd_micros)
    spent = Entry(key=key, kind=EntryKind.CAPTURE, usd_micros=usd_micros)
    lowered = Entry(key=rehold_key(job_id, attempt_id), kind=EntryKind.LOWER, usd_micros=less)
    book(session, [Booked(held=held, entry=each, at=now, attempt_id=attempt_id) for each in (spent, lowered)])
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
    held, lines = locked_hold(session, job_id)
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
    book(session, [Booked(held=held, entry=entry, at=now)] if more else [])
    return None


def release(session: Session, *, job_id: str, now: datetime) -> bool:
    """Give the reserved money back. False: the hold is closed already, nothing changed.

    Raises:
        NoHoldError: the job never had a hold.
    """
    held, lines = locked_hold(session, job_id)
    if lines.has_closed:
        return False
    entry = Entry(
        key=release_key(job_id),
        kind=EntryKind.RELEASE,
        usd_micros=held.usd_micros,
        closed_usd_micros=held.usd_micros,
    )
    book(session, [Booked(held=held, entry=entry, at=now)])
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


def _spend(session: Session, kind: EntryKind, *, job_id: str, attempt_id: str, usd_micros: int, now: datetime) -> bool:
    if usd_micros < 0:
        raise ValueError("a price below zero")
    held, lines = locked_hold(session, job_id)
    key = capture_key(job_id, attempt_id)
    if key in lines.keys:
        return False
    closed = None if lines.has_closed else held.usd_micros
    entry = Entry(key=key, kind=kind, usd_micros=usd_micros, closed_usd_micros=closed)
    book(session, [Booked(held=held, entry=entry, at=now, attempt_id=attempt_id)])
    return True
