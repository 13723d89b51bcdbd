"""processes that share a database; a service's submits of the last minute; cards that have something left to show"""

import sqlalchemy as sa
from alembic import op

from bot.store.tables.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "peer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ring",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rung_at", UtcDateTime(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("upstream", sa.String(), nullable=False),
        sa.Column("render_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ring_rung_at", "ring", ["rung_at"], unique=False)
    op.create_table(
        "slack_event",
        sa.Column("team_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("came_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "event_id"),
    )
    op.create_index("ix_slack_event_came_at", "slack_event", ["came_at"], unique=False)
    op.add_column("card", sa.Column("open", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.execute(
        "UPDATE card SET open = false WHERE final_repeat_at IS NULL AND EXISTS (SELECT 1 FROM job WHERE job.id ="
        " card.job_id AND job.version <= card.shown_version AND job.finished_at IS NOT NULL"
        " AND job.state IN ('delivered', 'failed', 'cancelled', 'unconfirmed'))"
    )
    op.create_index(
        "card_open", "card", ["team_id"], sqlite_where=sa.text("open IS 1"), postgresql_where=sa.text("open IS true")
    )
    op.create_index("attempt_by_intent", "attempt", ["upstream", "intent_at"], unique=False)
