"""Rows of what people typed and have not started yet."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from bot.store.tables.types import UtcDateTime


class DraftRow(SQLModel, table=True):
    __tablename__ = "draft"

    id: str = Field(primary_key=True)
    team_id: str
    user_id: str
    draft: str = Field(sa_type=sa.Text)
    """JSON of `bot.slack.drafts.Draft`."""
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
