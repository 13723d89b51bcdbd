"""Rows of what is left at each service. An account is the operator's, so no row here belongs to a workspace."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class AccountBalanceRow(SQLModel, table=True):
    """One account, and when it is asked about next: the claim that only one process asks at a time."""

    __tablename__ = "account_balance"

    upstream: str = Field(primary_key=True)
    due_at: datetime = Field(sa_type=UtcDateTime)
    usd_micros: int | None = Field(default=None, sa_type=sa.BigInteger)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    problem: str = Field(default="", sa_type=sa.Text)
