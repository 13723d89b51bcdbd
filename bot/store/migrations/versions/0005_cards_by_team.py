"""one index of cards by workspace: with two alike SQLite may choose the one over all cards there ever were"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_card_team_id", table_name="card")
