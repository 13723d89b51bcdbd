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


_TABLE = table_of(BalanceRow)
_KEY = ("team_id", "scope", "scope_key", "period")
_AMOUNTS = ("held_usd_micros", "captured_usd_micros", "held_clips", "captured_clips")
_COLUMNS = tuple(_TABLE.c[name] for name in ("scope", "scope_key", "period", *_AMOUNTS))

# Statements of the accepting transaction are built once, with their values bound at the call: building and compiling
# them anew took most of an order's time (2026-11-21).


@cache
def _lock(dialect: str) -> "ReturningInsert[*tuple[Any, ...]]":
    insert = insert_on(dialect, _TABLE)
    untouched = {"held_usd_micros": _TABLE.c.held_usd_micros}
    return insert.on_conflict_do_update(index_elements=_KEY, set_=untouched).returning(*_COLUMNS)


_ARE = sa.and_(
    _TABLE.c.team_id == sa.bindparam("of_team"),
    sa.tuple_(_TABLE.c.scope, _TABLE.c.scope_key, _TABLE.c.period).in_(sa.bindparam("of_keys", expanding=True)),
)
_SEEN = sa.select(*_COLUMNS).where(_ARE)
_ADD = sa.update(_TABLE).where(_ARE).values({name: _TABLE.c[name] + sa.bindparam(f"more_{name}") for name in _AMOUNTS})


def locked(session: Session, payers: Payers) -> dict[BalanceKey, Balance]:
    """Create or rewrite the rows in one statement: from here to the commit nobody else can change them."""
    untouched = dict.fromkeys(_AMOUNTS, 0)
    rows = [
        {
            "team_id": payers.team_id,
            "scope": key.scope.kind.value,
            "scope_key": key.scope.key,
            "period": key.period,
            **untouched,
        }
        for key in payers.keys
    ]
    return _balances(session.execute(_lock(dialect_of(session)), rows).all())


def seen(session: Session, payers: Payers) -> dict[BalanceKey, Balance]:
    """The rows as they are, without a lock; one that was never booked to is not there."""
    return _balances(session.execute(_SEEN, _of(payers)).all())


def seen_of_team(session: Session, team_id: str) -> dict[BalanceKey, Balance]:
    return _balances(session.execute(sa.select(*_COLUMNS).where(_TABLE.c.team_id == team_id)).all())


def add(session: Session, payers: Payers, change: Balance) -> None:
    """Add to each of the rows, which the caller has locked. A negative part takes away."""
    more = {f"more_{name}": getattr(change, name) for name in _AMOUNTS}
    session.execute(_ADD, _of(payers) | more)


def _of(payers: Payers) -> dict[str, Any]:
    keys = [(key.scope.kind.value, key.scope.key, key.period) for key in payers.keys]
    return {"of_team": payers.team_id, "of_keys": keys}


def _balances(rows: Iterable[sa.Row[*tuple[Any, ...]]]) -> dict[BalanceKey, Balance]:
    return {
        BalanceKey(scope=Scope(kind=ScopeKind(kind), key=key), period=period): Balance(
            held_usd_micros=held, captured_usd_micros=captured, held_clips=held_clips, captured_clips=captured_clips
        )
        for kind, key, period, held, captured, held_clips, captured_clips in rows
    }
