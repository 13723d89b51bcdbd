"""INSERT ... ON CONFLICT, which both engines have and SQLAlchemy spells per dialect."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import SQLModel


def insert_for(session: Session, table: type[Any]) -> "sqlite.Insert | postgresql.Insert":
    """The dialect's own INSERT, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_on(dialect_of(session), table)


def insert_on(dialect: str, table: type[Any] | sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """The same for statements that are built once. Into a plain table it passes by the ORM, which is twice as fast."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def dialect_of(session: Session) -> str:
    return session.get_bind().dialect.name


def table_of(row: type[SQLModel]) -> sa.Table:
    """The table behind a row class."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


def inserted(session: Session, table: type[Any], **values: Any) -> bool:
    """Insert a row unless its key is taken. True: it is new.

    Asked by RETURNING: Postgres' row count of such a statement is -1 (psycopg, measured 2026-11-21).
    """
    statement = insert_for(session, table).values(**values).on_conflict_do_nothing().returning(sa.literal(1))
    return session.scalar(statement) is not None
