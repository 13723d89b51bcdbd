"""The rows, one file a room. SQLModel classes and their columns; no behaviour."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import SQLModel

from bot.store.tables import drafts, jobs, notices, peers, quota, slack, upstreams

__all__ = ["all_tables", "drafts", "jobs", "notices", "peers", "quota", "slack", "upstreams"]


def all_tables() -> Sequence[sa.Table]:
    """Those that others refer to come first."""
    return SQLModel.metadata.sorted_tables
