"""Compare-and-set in one statement: whether an UPDATE found its row as the caller thought it was."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session


def hits(change: sa.Update) -> Callable[[Session], bool]:
    """Run it. True: a row was changed."""

    def work(session: Session) -> bool:
        result = session.execute(change.execution_options(synchronize_session=False))
        return bool(isinstance(result, sa.CursorResult) and result.rowcount)

    return work
