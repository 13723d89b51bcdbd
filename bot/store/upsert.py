"""INSERT ... ON CONFLICT, which both engines have and SQLAlchemy spells per dialect."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_for(session: Session, table: type[Any]) -> "sqlite.Insert | postgresql.Insert":
    """The dialect's own INSERT, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def inserted(session: Session, table: type[Any], **values: Any) -> bool:
    """Insert a row unless its key is taken. True: it is new.

    Asked by RETURNING: Postgres' row count of such a statement is -1 (psycopg, measured 2026-11-21).
    """
    statement = insert_for(session, table).values(**values).on_conflict_do_nothing().returning(sa.literal(1))
    return session.scalar(statement) is not None
