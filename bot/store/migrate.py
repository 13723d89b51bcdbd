"""Bring a database's schema up to this version's, or refuse one that is ahead of it."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store.refusals import NewerSchemaError
from bot.store.schema import SCRIPTS

ONE_AT_A_TIME = 0x736F7261
"""The advisory lock of replicas that start at once: "sora" in ASCII."""
WAIT_MS = 120_000


def migrate(engine: sa.Engine, *, scripts: Path = SCRIPTS, before: Callable[[str], object] | None = None) -> None:
    """Run the migrations that are missing.

    `before` is called with the schema that is there, when there is one to be changed.

    Raises:
        NewerSchemaError: the database is ahead of this program.
    """
    known = ScriptDirectory(str(scripts))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {WAIT_MS}")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(ONE_AT_A_TIME)))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # or each statement would commit by itself
        found = _found(connection, known)  # another replica may have been quicker
        if found == known.get_current_head():
            return
        if found is not None and before is not None:
            before(found)
        command.upgrade(alembic_config(connection, scripts), "head")


def alembic_config(connection: sa.Connection, scripts: Path = SCRIPTS) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    return config


def _found(connection: sa.Connection, known: ScriptDirectory) -> str | None:
    """The schema that is there; None: no table of ours yet."""
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {each.revision for each in known.walk_revisions()}:
        raise NewerSchemaError(
            "This database was last used by a newer version of sora-bot. Start that version again, or go back to the"
            " database as it was: of a SQLite file there is a copy beside it, named ...-before-<time>-schema-<version>;"
            " of a Postgres, the backup that you made."
        )
    return found
