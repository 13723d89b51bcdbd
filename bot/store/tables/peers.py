"""Rows of processes that share a database, and of what they tell each other."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class PeerRow(SQLModel, table=True):
    """A process that lives, or lived. `seen_at` is the database's time."""

    __tablename__ = "peer"

    id: str = Field(primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class RingRow(SQLModel, table=True):
    """Kept for a while for those who missed its announcement."""

    __tablename__ = "ring"

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite"))
    rung_at: datetime = Field(sa_type=UtcDateTime, index=True)
    job_id: str = ""
    upstream: str = ""
    render_id: str = ""
