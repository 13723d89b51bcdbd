"""Rows of health: circuits, incidents."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class CircuitRow(SQLModel, table=True):
    """How an upstream has behaved, shared by all replicas. The columns are those of `Circuit`."""

    __tablename__ = "circuit"

    name: str = Field(primary_key=True)
    """The upstream's name, or `upstream/model` for a single model of it."""
    version: int = 1
    """Raised by every change: what a compare-and-set compares."""
    state: str
    since: datetime = Field(sa_type=UtcDateTime)
    strikes: int = 0
    cool_off_s: float = 0.0
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""
    trial_job_id: str | None = None
    trial_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    doubtful_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class IncidentRow(SQLModel, table=True):
    """The columns are those of `Incident`."""

    __tablename__ = "incident"
    __table_args__ = (
        sa.Index(
            "incident_open",
            "upstream",
            "model",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite"))
    upstream: str
    model: str = ""
    state: str
    cause: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_changed_at: datetime = Field(sa_type=UtcDateTime, index=True)
    jobs_moved: int = 0
    extra_usd_micros: int = Field(default=0, sa_type=sa.BigInteger)
    page_words: str = ""
    part_of: int | None = Field(default=None, sa_type=sa.BigInteger)
    version: int = 1
