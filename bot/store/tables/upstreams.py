"""Rows of health: circuits, incidents, what was observed, and whose turn it is to look."""

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
    failed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    band: str = Field(default="good", sa_column_kwargs={"server_default": "good"})


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
    removed: bool = False
    version: int = 1


class CheckRow(SQLModel, table=True):
    """One observation: an order that ended, a free look, a change of the service's page, or a circuit that changed."""

    __tablename__ = "health_check"
    __table_args__ = (sa.Index("health_check_by_source", "upstream", "source", "at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=sa.BigInteger().with_variant(sa.Integer, "sqlite"))
    upstream: str
    model: str = ""
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    source: str
    """A word of `upstreams.checks.Source`."""
    status: str
    error_kind: str = ""
    response_ms: int | None = None
    about: str = ""
    """Of an order: the same for the same prompt, and nothing to read it from."""


class StatusPageRow(SQLModel, table=True):
    """What a service's own page said last."""

    __tablename__ = "status_page"

    upstream: str = Field(primary_key=True)
    state: str
    words: str = Field(default="", sa_type=sa.Text)
    since: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class ProbeRow(SQLModel, table=True):
    """Whose turn it is: who moves `due_at` on may look."""

    __tablename__ = "probe"

    name: str = Field(primary_key=True)
    """`<upstream>/check` or `<upstream>/page`."""
    due_at: datetime = Field(sa_type=UtcDateTime)
    """By the database's clock where it has one of its own."""
    passed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
