"""the latest ends of a model at a service, for the watcher's schedule"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("attempt_by_end", "attempt", ["upstream", "model", "ended_at"], unique=False)
