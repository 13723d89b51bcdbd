"""The rows, one file a room. SQLModel classes and their columns; no behaviour."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import SQLModel

from bot.store.tables import accounts, drafts, jobs, notices, peers, questions, quota, slack, upstreams

__all__ = ["accounts", "all_tables", "drafts", "jobs", "notices", "peers", "questions", "quota", "slack", "upstreams"]


def all_tables() -> Sequence[sa.Table]:
    """Those that others refer to come first."""
    return SQLModel.metadata.sorted_tables
