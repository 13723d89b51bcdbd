"""Telling a database that gives no answer from one that does not like the question."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from bot.jobs.book import BookAway


class DatabaseAwayError(BookAway):
    """No answer: the connection lost, a lock or the server waited for in vain, the disk full.

    A commit that was under way may have been made all the same.
    """

    def __init__(self, error: BaseException | None) -> None:
        super().__init__(type(error).__name__)
        self.said = (str(error).strip().splitlines() or [""])[-1]
        """The driver's own words, of which none is a password."""


class SacrificedError(DatabaseAwayError):
    """Postgres ended the transaction for the sake of another one. Nothing of it is left; it may be repeated at once."""


SACRIFICED = frozenset({"40P01", "40001"})
"""Deadlock, serialization."""


@contextmanager
def answering() -> Iterator[None]:
    """Raises DatabaseAwayError instead of what the driver says."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in SACRIFICED:
            raise SacrificedError(error.orig) from error
        if _is_away(error):
            raise DatabaseAwayError(error.orig) from error
        raise
    except sa.exc.TimeoutError as error:
        raise DatabaseAwayError(error) from error


def _is_away(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        # SQLite calls a statement it cannot parse an OperationalError too.
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return isinstance(error, OperationalError) and code != sqlite3.SQLITE_ERROR
    return isinstance(error, OperationalError) or error.connection_invalidated
