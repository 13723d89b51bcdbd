"""${message}"""

${imports if imports else ""}
import sqlalchemy as sa
from alembic import op

import bot.store.tables.types

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
