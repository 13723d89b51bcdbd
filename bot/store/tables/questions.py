"""Rows of questions to a job's person, and of what was planned when a job was sent, made to wait, or asked about."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class QuestionRow(SQLModel, table=True):
    """May this job be made by something that was not agreed to? The columns are those of `Question`."""

    __tablename__ = "question"
    __table_args__ = (
        # A job has one open question: what keeps two processes from asking at once.
        sa.Index(
            "question_open",
            "job_id",
            unique=True,
            sqlite_where=sa.text("answer IS NULL"),
            postgresql_where=sa.text("answer IS NULL"),
        ),
        sa.Index("question_of_job", "job_id", "asked_at"),
    )

    id: str = Field(primary_key=True)
    job_id: str = Field(foreign_key="job.id")
    team_id: str
    upstream: str
    model: str
    length_s: int
    usd_micros: int = Field(sa_type=sa.BigInteger)
    why: str = Field(sa_type=sa.Text)
    can_wait: bool
    asked_at: datetime = Field(sa_type=UtcDateTime)
    deadline_at: datetime = Field(sa_type=UtcDateTime)
    answer: str | None = None
    """Compared and set: the first word counts."""
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: str = ""


class PlanningRow(SQLModel, table=True):
    """Who could have made a job at one moment, and why the others could not: written then, not worked out later."""

    __tablename__ = "planning"

    job_id: str = Field(primary_key=True, foreign_key="job.id")
    occasion: str = Field(primary_key=True)
    """The attempt it led to, the question it led to, or `waiting`."""
    planned_at: datetime = Field(sa_type=UtcDateTime)
    planned: dict[str, Any] = Field(sa_type=sa.JSON)
    """`candidates`, `skipped` and `others`, as in `Planned`."""
