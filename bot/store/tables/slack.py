"""Rows of the surface: cards, who may edit them, files on their way, messages to requesters, pictures in forms."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class CardRow(SQLModel, table=True):
    __tablename__ = "card"
    __table_args__ = (
        sa.Index("card_open", "team_id", sqlite_where=sa.text("open IS 1"), postgresql_where=sa.text("open IS true")),
    )

    job_id: str = Field(primary_key=True, foreign_key="job.id")
    team_id: str
    open: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    """May have something left to show. False: it shows how its job ended, so that years of them are not looked through
    for every edit. Whoever changes an ended job opens it again."""
    slack_channel_id: str
    asked_thread_ts: str | None = None
    ts: str | None = None
    state: str
    posts: int = 0
    intent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    shown_version: int = 0
    shown_hash: str = ""
    shown_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    doubt_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    final_repeat_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refusal: str = ""
    poster: str
    poster_file_id: str = ""


class CardLeaseRow(SQLModel, table=True):
    """Names the one process that edits a workspace's cards, and keeps the pause that Slack asked for."""

    __tablename__ = "card_lease"

    team_id: str = Field(primary_key=True)
    holder: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    taken_over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DeliveryRow(SQLModel, table=True):
    __tablename__ = "delivery"
    # One row per visit to `delivering` and place: what a repeated step finds instead of starting anew.
    __table_args__ = (sa.UniqueConstraint("job_id", "since", "slack_channel_id"),)

    id: int | None = Field(default=None, primary_key=True)
    job_id: str = Field(foreign_key="job.id")
    team_id: str
    since: datetime = Field(sa_type=UtcDateTime)
    slack_channel_id: str
    thread_ts: str | None = None
    state: str
    file_id: str = Field(default="", index=True)
    grants: int = 0
    completing_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refusal: str = ""


class TellingRow(SQLModel, table=True):
    __tablename__ = "telling"

    job_id: str = Field(primary_key=True, foreign_key="job.id")
    occasion: str = Field(primary_key=True)
    team_id: str
    state: str
    intent_at: datetime = Field(sa_type=UtcDateTime)
    slack_channel_id: str = ""
    refusal: str = ""


class FirstFrameRow(SQLModel, table=True):
    """A picture that a form shows. Nobody else would know that it lies in Slack."""

    __tablename__ = "first_frame"

    file_id: str = Field(primary_key=True)
    team_id: str
    granted_at: datetime = Field(sa_type=UtcDateTime)


class EventRow(SQLModel, table=True):
    """An event of Slack's that some process has answered, or is about to."""

    __tablename__ = "slack_event"

    team_id: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    came_at: datetime = Field(sa_type=UtcDateTime, index=True)
