"""Bring a database's schema up to this version's, or refuse one that is ahead of it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

SCRIPTS = Path(__file__).with_name("migrations")


class NewerSchemaError(Exception):
    """A later version of the bot has been here; this one would not understand its rows."""


def migrate(engine: sa.Engine) -> None:
    """Run the migrations that are missing; one look at a table when none is.

    Raises:
        NewerSchemaError: the database is ahead of this program.
    """
    scripts = ScriptDirectory(str(SCRIPTS))
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found == scripts.get_current_head():
        return
    if found is not None and found not in {each.revision for each in scripts.walk_revisions()}:
        raise NewerSchemaError(
            "This database was last used by a newer version of sora-bot. Start that version again, or restore the"
            " backup it made before it changed anything."
        )
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
