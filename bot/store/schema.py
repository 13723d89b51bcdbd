"""Which schema a database has and which is our newest, told without the migrations' machinery.

Nearly every start finds its schema as it should be. Alembic and its templates would cost each of them a tenth of a
second and 7 MB that stay (2026-11-21).
"""

from pathlib import Path

import sqlalchemy as sa

SCRIPTS = Path(__file__).with_name("migrations")

_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def is_newest(engine: sa.Engine, *, scripts: Path = SCRIPTS) -> bool:
    """False also where there is none yet, or one of a newer version of this program."""
    newest = max(each.name.partition("_")[0] for each in (scripts / "versions").glob("[0-9]*.py"))
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(_VERSION.name):
            return False
        return connection.scalars(sa.select(_VERSION.c.version_num)).all() == [newest]
