"""`jobs.balances.BalanceBook` on our tables: what is left at each service, asked for by one process at a time."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.balances import Balance, BalanceBook
from bot.store.compared import hits
from bot.store.engine import Store
from bot.store.tables.accounts import AccountBalanceRow
from bot.store.tables.jobs import AttemptRow
from bot.store.upsert import inserted

PRICES_MAX = 20


class StoredBalances:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, upstream: str, *, now: datetime, until: datetime) -> bool:
        due = (
            sa.update(AccountBalanceRow)
            .where(col(AccountBalanceRow.upstream) == upstream, col(AccountBalanceRow.due_at) <= now)
            .values(due_at=until)
        )

        def work(session: Session) -> bool:
            new = inserted(session, AccountBalanceRow, upstream=upstream, due_at=until, problem="")
            return new or hits(due)(session)

        return await self._store.write(work)

    async def told(self, upstream: str, *, usd_micros: int | None, at: datetime) -> None:
        await self._set(upstream, usd_micros=usd_micros, read_at=at, problem="")

    async def silent(self, upstream: str, *, problem: str) -> None:
        await self._set(upstream, problem=problem)

    async def balances(self) -> Sequence[Balance]:
        wanted = sa.select(AccountBalanceRow).order_by(col(AccountBalanceRow.upstream))
        return await self._store.read(lambda session: [_balance(row) for row in session.scalars(wanted)])

    async def recent_prices(self, upstream: str) -> Sequence[int]:
        wanted = (
            sa.select(col(AttemptRow.usd_micros))
            .where(col(AttemptRow.upstream) == upstream)
            .order_by(col(AttemptRow.intent_at).desc())
            .limit(PRICES_MAX)
        )
        return await self._store.read(lambda session: [each for each in session.scalars(wanted) if each > 0])

    async def _set(self, upstream: str, **values: object) -> None:
        change = sa.update(AccountBalanceRow).where(col(AccountBalanceRow.upstream) == upstream).values(**values)
        await self._store.write(hits(change))


def _balance(row: AccountBalanceRow) -> Balance:
    return Balance(upstream=row.upstream, usd_micros=row.usd_micros, read_at=row.read_at, problem=row.problem)


_: type[BalanceBook] = StoredBalances
