"""checks, incidents and how often each service succeeds"""

import sqlalchemy as sa
from alembic import op

from bot.store.tables.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("upstream", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("last_changed_at", UtcDateTime(), nullable=False),
        sa.Column("jobs_moved", sa.Integer(), nullable=False),
        sa.Column("extra_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("page_words", sa.String(), nullable=False),
        sa.Column("part_of", sa.BigInteger(), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    still_open = sa.text("ended_at IS NULL")
    op.create_index(
        "incident_open",
        "incident",
        ["upstream", "model"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_incident_last_changed_at", "incident", ["last_changed_at"])
    op.add_column("circuit", sa.Column("failed_at", UtcDateTime(), nullable=True))
    op.add_column("circuit", sa.Column("band", sa.String(), server_default="good", nullable=False))
    op.create_table(
        "health_check",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("upstream", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error_kind", sa.String(), nullable=False),
        sa.Column("response_ms", sa.Integer(), nullable=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("health_check_by_source", "health_check", ["upstream", "source", "at"])
    op.create_index("ix_health_check_at", "health_check", ["at"])
    op.create_table(
        "status_page",
        sa.Column("upstream", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("upstream"),
    )
    op.create_table(
        "probe",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("passed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
