"""INSERT ... ON CONFLICT, which both engines have and SQLAlchemy spells per dialect."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import SQLModel


def insert_for(session: Session, row: type[SQLModel]) -> "sqlite.Insert | postgresql.Insert":
    """The dialect's own INSERT, with `on_conflict_do_nothing` and `on_conflict_do_update`.

    Into the plain table: past the ORM it is twice as fast (2026-11-21).
    """
    return insert_on(dialect_of(session), table_of(row))


def insert_on(dialect: str, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """The same for statements that are built once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def dialect_of(session: Session) -> str:
    return session.get_bind().dialect.name


def table_of(row: type[SQLModel]) -> sa.Table:
    """The table behind a row class."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


def inserted(session: Session, table: type[SQLModel], **values: Any) -> bool:
    """Insert a row unless its key is taken. True: it is new.

    Asked by RETURNING: Postgres' row count of such a statement is -1 (psycopg, measured 2026-11-21).
    """
    new = insert_for(session, table).values(**values)
    return session.scalar(new.on_conflict_do_nothing().returning(sa.literal(1))) is not None
