"""What notices are worked out from: a month's balances, and accounts that are low."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.balances import LowBalance
from bot.quota.ledger import Balance
from bot.quota.limits import Scope, ScopeKind
from bot.slack.budget_notices import MonthSpending
from bot.slack.service_notices import LowBook, LowStretch
from bot.store.engine import Store
from bot.store.tables.notices import LowBalanceRow
from bot.store.tables.quota import BalanceRow
from bot.store.upsert import inserted

SHARED = (ScopeKind.WORKSPACE.value, ScopeKind.SLACK_CHANNEL.value)


class StoredMonths:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_month(self, team_id: str, month: str) -> Mapping[Scope, Balance]:
        wanted = sa.select(BalanceRow).where(
            col(BalanceRow.team_id) == team_id,
            col(BalanceRow.scope).in_(SHARED),
            col(BalanceRow.period) == month,
        )
        return await self._store.read(lambda session: dict(map(_balance, session.scalars(wanted))))


class StoredLowBalances:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def noted(self, low: Sequence[LowBalance], *, now: datetime) -> None:
        is_open = col(LowBalanceRow.over_at).is_(None)
        named = {each.upstream: each for each in low}
        over = sa.update(LowBalanceRow).where(is_open, col(LowBalanceRow.upstream).not_in(named)).values(over_at=now)

        def work(session: Session) -> None:
            session.execute(over)
            for each in low:
                told = {
                    "usd_micros_left": each.left_usd_micros,
                    "videos_left": each.videos,
                    "read_at": each.read_at,
                }
                if not inserted(session, LowBalanceRow, upstream=each.upstream, since=now, **told):
                    still = sa.update(LowBalanceRow).where(is_open, col(LowBalanceRow.upstream) == each.upstream)
                    session.execute(still.values(**told))

        def any_open(session: Session) -> bool:
            return session.scalars(sa.select(LowBalanceRow).where(is_open)).first() is not None

        was_low: bool = await self._store.read(any_open)
        if low or was_low:
            await self._store.write(work)

    async def stretches(self, *, since: datetime) -> Sequence[LowStretch]:
        over_at = col(LowBalanceRow.over_at)
        wanted = sa.select(LowBalanceRow).where(sa.or_(over_at.is_(None), over_at >= since))
        return await self._store.read(lambda session: [_stretch(row) for row in session.scalars(wanted)])


def _balance(row: BalanceRow) -> tuple[Scope, Balance]:
    return Scope(kind=ScopeKind(row.scope), key=row.scope_key), Balance(
        held_usd_micros=row.held_usd_micros,
        captured_usd_micros=row.captured_usd_micros,
        held_clips=row.held_clips,
        captured_clips=row.captured_clips,
    )


def _stretch(row: LowBalanceRow) -> LowStretch:
    return LowStretch(
        upstream=row.upstream,
        since=row.since,
        usd_micros_left=row.usd_micros_left,
        videos_left=row.videos_left,
        read_at=row.read_at,
        over_at=row.over_at,
    )


_: tuple[type[MonthSpending], type[LowBook]] = (StoredMonths, StoredLowBalances)
