"""Balance rows: locked, read and changed together, because one order is paid from six of them.

Person, Slack channel and workspace, each by day and by month. All six are kept whether or not a limit looks at them
today, so that a limit set tomorrow counts what was spent before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from bot.quota.ledger import Balance
from bot.quota.limits import Scope, ScopeKind, scopes_of
from bot.quota.periods import Span, period_of
from bot.store.tables.quota import BalanceRow
from bot.store.upsert import dialect_of, insert_on, table_of


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class BalanceKey:
    """One balance row. `period` is a day ("2026-11-21") or a month ("2026-11")."""

    team_id: str
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
        scopes = scopes_of(team_id=self.team_id, user_id=self.user_id, slack_channel_id=self.slack_channel_id)
        return tuple(
            BalanceKey(team_id=self.team_id, scope=scope, period=period)
            for scope in scopes
            for period in (self.day, self.month)
        )

    def by_limit(self, balances: Mapping[BalanceKey, Balance]) -> dict[tuple[ScopeKind, Span], Balance]:
        """Told by what a limit names: the kind of scope and the span."""
        spans = {self.day: Span.DAY, self.month: Span.MONTH}
        return {(key.scope.kind, spans[key.period]): balances[key] for key in self.keys if key in balances}


def payers_of(*, team_id: str, user_id: str, slack_channel_id: str, now: datetime, tz: ZoneInfo) -> Payers:
    return Payers(
        team_id=team_id,
        user_id=user_id,
        slack_channel_id=slack_channel_id,
        day=period_of(Span.DAY, now, tz).key,
        month=period_of(Span.MONTH, now, tz).key,
    )


_TABLE = table_of(BalanceRow)
_KEY = ("team_id", "scope", "scope_key", "period")
_AMOUNTS = ("held_usd_micros", "captured_usd_micros", "held_clips", "captured_clips")
_COLUMNS = tuple(_TABLE.c[name] for name in (*_KEY, *_AMOUNTS))

# Statements of the accepting transaction are built once, with their values bound at the call: building and compiling
# them anew took most of an order's time (2026-11-21).


@cache
def _lock(dialect: str) -> "ReturningInsert[*tuple[Any, ...]]":
    insert = insert_on(dialect, _TABLE)
    untouched = {"held_usd_micros": _TABLE.c.held_usd_micros}
    return insert.on_conflict_do_update(index_elements=_KEY, set_=untouched).returning(*_COLUMNS)


_SEEN = sa.select(*_COLUMNS).where(
    sa.tuple_(*(_TABLE.c[name] for name in _KEY)).in_(sa.bindparam("of_keys", expanding=True))
)
_ADD = (
    sa.update(_TABLE)
    .where(*(_TABLE.c[name] == sa.bindparam(f"of_{name}") for name in _KEY))
    .values({name: _TABLE.c[name] + sa.bindparam(f"more_{name}") for name in _AMOUNTS})
)


def locked(session: Session, keys: Iterable[BalanceKey]) -> dict[BalanceKey, Balance]:
    """Create or rewrite the rows in one statement: from here to the commit nobody else can change them.

    Always in the same order, so that no two transactions wait for each other in a ring.
    """
    untouched = dict.fromkeys(_AMOUNTS, 0)
    rows = [dict(zip(_KEY, _plain(key), strict=True)) | untouched for key in sorted(set(keys))]
    return _balances(session.execute(_lock(dialect_of(session)), rows).all())


def seen(session: Session, payers: Payers) -> dict[BalanceKey, Balance]:
    """The rows as they are, without a lock; one that was never booked to is not there."""
    return _balances(session.execute(_SEEN, {"of_keys": [_plain(key) for key in payers.keys]}).all())


def seen_of_team(session: Session, team_id: str) -> dict[BalanceKey, Balance]:
    return _balances(session.execute(sa.select(*_COLUMNS).where(_TABLE.c.team_id == team_id)).all())


def add(session: Session, changes: Mapping[BalanceKey, Balance]) -> None:
    """Add to rows that the caller has locked. A negative part takes away."""
    session.execute(
        _ADD,
        [
            {f"of_{name}": value for name, value in zip(_KEY, _plain(key), strict=True)}
            | {f"more_{name}": getattr(change, name) for name in _AMOUNTS}
            for key, change in changes.items()
        ],
    )


def _plain(key: BalanceKey) -> tuple[str, str, str, str]:
    return key.team_id, key.scope.kind.value, key.scope.key, key.period


def _balances(rows: Iterable[sa.Row[*tuple[Any, ...]]]) -> dict[BalanceKey, Balance]:
    return {
        BalanceKey(team_id=team_id, scope=Scope(kind=ScopeKind(kind), key=key), period=period): Balance(
            held_usd_micros=held, captured_usd_micros=captured, held_clips=held_clips, captured_clips=captured_clips
        )
        for team_id, kind, key, period, held, captured, held_clips, captured_clips in rows
    }
