"""Rows of what admins decided in Slack, of what was told to channels and by e-mail, and of who did what."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class AdminRow(SQLModel, table=True):
    """An admin that Slack made: by the one-time code, or by another admin. Those of the settings have no row."""

    __tablename__ = "admin"

    team_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)
    made_by: str
    """An admin's id; one's own for whoever typed the code."""


class AdminSettingsRow(SQLModel, table=True):
    """One per workspace. Writing it is the lock under which admins and their choices change."""

    __tablename__ = "admin_settings"

    team_id: str = Field(primary_key=True)
    version: int = 0
    mail: bool = True


class ClaimCodeRow(SQLModel, table=True):
    """A one-time code that some process printed. Only its digest is kept."""

    __tablename__ = "claim_code"

    id: int | None = Field(default=None, primary_key=True)
    team_id: str = Field(index=True)
    salt: str
    digest: str
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ClaimTryRow(SQLModel, table=True):
    """A code that somebody typed, right or wrong; counted for an hour."""

    __tablename__ = "claim_try"
    __table_args__ = (sa.Index("claim_try_of_team", "team_id", "tried_at"),)

    id: int | None = Field(default=None, primary_key=True)
    team_id: str
    user_id: str
    tried_at: datetime = Field(sa_type=UtcDateTime)


class AuditRow(SQLModel, table=True):
    """Who changed what. Lines are added and never edited or removed."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index("audit_of_team", "team_id", "at"),)

    id: int | None = Field(
        default=None, sa_column=sa.Column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    )
    team_id: str
    at: datetime = Field(sa_type=UtcDateTime)
    user_id: str
    what: str
    """A word of ours, as in `admin_claimed`."""
    words: str = Field(default="", sa_type=sa.Text)


class NoticeChannelRow(SQLModel, table=True):
    """A Slack channel that hears of one kind of notice."""

    __tablename__ = "notice_channel"

    team_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    slack_channel_id: str = Field(primary_key=True)


class NoticeRow(SQLModel, table=True):
    """One message about one matter in one Slack channel."""

    __tablename__ = "notice"
    __table_args__ = (sa.UniqueConstraint("team_id", "topic", "slack_channel_id"),)

    id: int | None = Field(default=None, primary_key=True)
    team_id: str
    topic: str
    """What it is about, as in `incident.17`."""
    slack_channel_id: str
    state: str
    posts: int = 0
    ts: str | None = None
    intent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    shown_hash: str = ""
    shown_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    over: bool = False
    """It shows how its matter ended."""
    refusal: str = ""


class NoticeReplyRow(SQLModel, table=True):
    """One message in a notice's thread."""

    __tablename__ = "notice_reply"

    notice_id: int = Field(primary_key=True, foreign_key="notice.id")
    reply: str = Field(primary_key=True)
    team_id: str
    state: str
    intent_at: datetime = Field(sa_type=UtcDateTime)


class NoticeMailRow(SQLModel, table=True):
    """One e-mail."""

    __tablename__ = "notice_mail"

    team_id: str = Field(primary_key=True)
    mail: str = Field(primary_key=True)
    state: str
    tries: int = 0
    intent_at: datetime = Field(sa_type=UtcDateTime)
    failure: str = ""


class NoticeLeaseRow(SQLModel, table=True):
    """Names the one process that writes a workspace's notices, and keeps the pause that Slack asked for."""

    __tablename__ = "notice_lease"

    team_id: str = Field(primary_key=True)
    holder: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LowBalanceRow(SQLModel, table=True):
    """A stretch in which the money prepaid at a service was low. The account is the operator's, not a team's."""

    __tablename__ = "low_balance"
    __table_args__ = (
        sa.Index(
            "low_balance_open",
            "upstream",
            unique=True,
            sqlite_where=sa.text("over_at IS NULL"),
            postgresql_where=sa.text("over_at IS NULL"),
        ),
    )

    upstream: str = Field(primary_key=True)
    since: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    usd_micros_left: int = Field(sa_type=sa.BigInteger)
    videos_left: int
    read_at: datetime = Field(sa_type=UtcDateTime)
    over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
