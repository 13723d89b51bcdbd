"""Balance rows: locked, read and changed together, because one order is paid from six of them.

Person, Slack channel and workspace, each by day and by month. All six are kept whether or not a limit looks at them
today, so that a limit set tomorrow counts what was spent before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.quota.ledger import Balance
from bot.quota.limits import Scope, ScopeKind, scopes_of
from bot.quota.periods import Span, period_of
from bot.store.tables.quota import BalanceRow
from bot.store.upsert import insert_for


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BalanceKey:
    """One balance row of a workspace. `period` is a day ("2026-11-21") or a month ("2026-11")."""

    scope: Scope
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payers:
    """Whose balances one order is booked to, and in which day and month of the workspace's time zone."""

    team_id: str
    user_id: str
    slack_channel_id: str
    day: str
    month: str

    @property
    def keys(self) -> tuple[BalanceKey, ...]:
        """Sorted: the order in which everybody locks, so that no two transactions wait for each other in a ring."""
        scopes = scopes_of(team_id=self.team_id, user_id=self.user_id, slack_channel_id=self.slack_channel_id)
        return tuple(sorted(BalanceKey(scope=scope, period=key) for scope in scopes for key in (self.day, self.month)))

    def by_limit(self, balances: Mapping[BalanceKey, Balance]) -> dict[tuple[ScopeKind, Span], Balance]:
        """Told by what a limit names: the kind of scope and the span."""
        spans = {self.day: Span.DAY, self.month: Span.MONTH}
        return {(key.scope.kind, spans[key.period]): balance for key, balance in balances.items()}


def payers_of(*, team_id: str, user_id: str, slack_channel_id: str, now: datetime, tz: ZoneInfo) -> Payers:
    return Payers(
        team_id=team_id,
        user_id=user_id,
        slack_channel_id=slack_channel_id,
        day=period_of(Span.DAY, now, tz).key,
        month=period_of(Span.MONTH, now, tz).key,
    )


_COLUMNS = (
    col(BalanceRow.scope),
    col(BalanceRow.scope_key),
    col(BalanceRow.period),
    col(BalanceRow.held_usd_micros),
    col(BalanceRow.captured_usd_micros),
    col(BalanceRow.held_clips),
    col(BalanceRow.captured_clips),
)


def locked(session: Session, payers: Payers) -> dict[BalanceKey, Balance]:
    """Create or rewrite the rows in one statement: from here to the commit nobody else can change them."""
    rows = [
        {
            "team_id": payers.team_id,
            "scope": key.scope.kind.value,
            "scope_key": key.scope.key,
            "period": key.period,
            "held_usd_micros": 0,
            "captured_usd_micros": 0,
            "held_clips": 0,
            "captured_clips": 0,
        }
        for key in payers.keys
    ]
    upsert = (
        insert_for(session, BalanceRow)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["team_id", "scope", "scope_key", "period"],
            set_={"held_usd_micros": BalanceRow.held_usd_micros},
        )
        .returning(*_COLUMNS)
    )
    return _balances(session.execute(upsert).all())


def seen(session: Session, payers: Payers) -> dict[BalanceKey, Balance]:
    """The rows as they are, without a lock; one that was never booked to is not there."""
    return _balances(session.execute(sa.select(*_COLUMNS).where(_are(payers))).all())


def seen_of_team(session: Session, team_id: str) -> dict[BalanceKey, Balance]:
    return _balances(session.execute(sa.select(*_COLUMNS).where(col(BalanceRow.team_id) == team_id)).all())


def add(session: Session, payers: Payers, change: Balance) -> None:
    """Add to each of the rows, which the caller has locked. A negative part takes away."""
    session.execute(
        sa.update(BalanceRow)
        .where(_are(payers))
        .values(
            held_usd_micros=BalanceRow.held_usd_micros + change.held_usd_micros,
            captured_usd_micros=BalanceRow.captured_usd_micros + change.captured_usd_micros,
            held_clips=BalanceRow.held_clips + change.held_clips,
            captured_clips=BalanceRow.captured_clips + change.captured_clips,
        )
        .execution_options(synchronize_session=False)
    )


def _are(payers: Payers) -> sa.ColumnElement[bool]:
    keys = [(key.scope.kind.value, key.scope.key, key.period) for key in payers.keys]
    row = sa.tuple_(col(BalanceRow.scope), col(BalanceRow.scope_key), col(BalanceRow.period))
    return sa.and_(col(BalanceRow.team_id) == payers.team_id, row.in_(keys))


def _balances(rows: Iterable[sa.Row[str, str, str, int, int, int, int]]) -> dict[BalanceKey, Balance]:
    return {
        BalanceKey(scope=Scope(kind=ScopeKind(kind), key=key), period=period): Balance(
            held_usd_micros=held, captured_usd_micros=captured, held_clips=held_clips, captured_clips=captured_clips
        )
        for kind, key, period, held, captured, held_clips, captured_clips in rows
    }
