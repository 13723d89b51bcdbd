"""Rows of health: one circuit per upstream, or per model of one."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class CircuitRow(SQLModel, table=True):
    """How an upstream has behaved, shared by all replicas. The columns are those of `Circuit`."""

    __tablename__ = "circuit"

    name: str = Field(primary_key=True)
    """The upstream's name, or `upstream/model` where a single model was retired."""
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
