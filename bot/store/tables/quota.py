"""Rows of money: the ledger, which is the truth, and the balances, which are the lock and the quick answer."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class BalanceRow(SQLModel, table=True):
    """One scope in one period. Locking it is how two orders at the same moment take turns."""

    __tablename__ = "balance"

    team_id: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    """`person`, `slack_channel` or `workspace`."""
    scope_key: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    """"2026-11-21" or "2026-11", in the workspace's time zone when it was booked."""
    held_usd_micros: int = Field(default=0, sa_type=sa.BigInteger)
    captured_usd_micros: int = Field(default=0, sa_type=sa.BigInteger)
    held_clips: int = 0
    captured_clips: int = 0


class LedgerEntryRow(SQLModel, table=True):
    """One line, never edited or removed. Who and when are the hold's, so that what closes it books to its period."""

    __tablename__ = "ledger_entry"
    __table_args__ = (sa.Index("ledger_entry_of_team", "team_id", "day"),)

    entry_key: str = Field(primary_key=True)
    """`job:hold`, `job:attempt:capture` or `job:release`: a replayed step finds it taken."""
    job_id: str = Field(index=True)
    closes: str | None = Field(default=None, unique=True)
    """The hold's key in the one entry that closes it: the database itself refuses a second one."""
    team_id: str
    user_id: str
    slack_channel_id: str
    day: str
    month: str
    kind: str
    attempt_id: str | None = None
    usd_micros: int = Field(sa_type=sa.BigInteger)
    closed_usd_micros: int | None = Field(default=None, sa_type=sa.BigInteger)
    booked_at: datetime = Field(sa_type=UtcDateTime)
