"""Rows that nobody else changes until the commit."""

from typing import Any, TypeVar

from sqlalchemy.orm import Session
from sqlmodel import SQLModel

R = TypeVar("R", bound=SQLModel)


def locked(session: Session, table: type[R], key: Any) -> R | None:
    """The row as it is now, locked. None: there is none.

    Read anew even where the session has seen it: what was read before the lock may be old by now, and the ORM would
    keep it (seen on Postgres, 2026-11-21). In one transaction, lock the upstream, then attempts, then the job, then
    balances: in two different sequences two transactions can wait for each other.
    """
    return session.get(table, key, with_for_update=True, populate_existing=True)


def locked_one(session: Session, table: type[R], key: Any) -> R:
    """The same for a row that must be there.

    Raises:
        NoResultFound: it is not.
    """
    return session.get_one(table, key, with_for_update=True, populate_existing=True)
