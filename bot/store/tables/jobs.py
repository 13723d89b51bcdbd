"""Rows of jobs, attempts and the events services send."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class WorkspaceRow(SQLModel, table=True):
    """Counts a workspace's jobs, so that people can say #142."""

    __tablename__ = "workspace"

    team_id: str = Field(primary_key=True)
    last_number: int = 0


class JobRow(SQLModel, table=True):
    __tablename__ = "job"
    __table_args__ = (
        sa.UniqueConstraint("team_id", "order_key"),
        sa.UniqueConstraint("team_id", "number"),
        sa.Index("job_of_person", "team_id", "user_id", "created_at"),
        sa.Index("job_by_state", "state"),
    )

    id: str = Field(primary_key=True)
    team_id: str
    number: int
    order_key: str
    user_id: str
    slack_channel_id: str
    thread_ts: str | None = None
    prompt: str = Field(sa_type=sa.Text)
    prompt_hash: str = Field(index=True)
    """To ask "again?" without comparing long texts."""
    wanted: dict[str, Any] = Field(sa_type=sa.JSON)
    """The order's choices: model, class, length, shape and so on."""
    state: str
    state_since: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    held_usd_micros: int = Field(sa_type=sa.BigInteger)
    paid_usd_micros: int = Field(default=0, sa_type=sa.BigInteger)
    catalogue_version: str
    generation: int = 0
    version: int = 1
    waiting: str | None = None
    overdue_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancel_requested_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str | None = None
    failure_words: str = Field(default="", sa_type=sa.Text)
    reference: str = ""
    attempt_id: str | None = None
    question_id: str | None = None
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AttemptRow(SQLModel, table=True):
    __tablename__ = "attempt"
    __table_args__ = (
        # A render belongs to one attempt: what stops two jobs from adopting one video.
        sa.UniqueConstraint("upstream", "render_id"),
        sa.UniqueConstraint("job_id", "number"),
        sa.Index("attempt_by_upstream", "upstream", "state"),
        sa.Index("attempt_by_intent", "upstream", "intent_at"),
        sa.Index("attempt_by_end", "upstream", "model", "ended_at"),
    )

    id: str = Field(primary_key=True)
    job_id: str = Field(foreign_key="job.id")
    team_id: str
    number: int
    upstream: str
    model: str
    wire_name: str
    fingerprint: str
    """What a listing would show of it: one unknown submit of the same at a time."""
    length_s: int
    width_px: int
    height_px: int
    usd_micros: int = Field(sa_type=sa.BigInteger)
    state: str
    intent_at: datetime = Field(sa_type=UtcDateTime)
    deadline_at: datetime = Field(sa_type=UtcDateTime)
    webhook_token: str = Field(unique=True)
    note: str = ""
    render_id: str | None = None
    poll_ref: str = Field(default="", sa_type=sa.Text)
    request_id: str = ""
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    progress: float | None = None
    result_ref: str = Field(default="", sa_type=sa.Text)
    retry_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error_kind: str = ""
    error_detail: str = Field(default="", sa_type=sa.Text)
    cost_usd_micros: int | None = Field(default=None, sa_type=sa.BigInteger)


class UpstreamRow(SQLModel, table=True):
    """One row per upstream: the lock under which its slots are counted."""

    __tablename__ = "upstream_slot"

    upstream: str = Field(primary_key=True)
    counted: int = 0
    """Intents ever counted; writing it takes the row's lock on both engines."""


class WebhookEventRow(SQLModel, table=True):
    __tablename__ = "webhook_event"

    upstream: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    render_id: str = Field(index=True)
    token: str = ""
    came_at: datetime = Field(sa_type=UtcDateTime)
