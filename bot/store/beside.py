"""Looking at the database from beside a bot that may be running: nothing is locked, changed or created."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.store.alone import file_of
from bot.store.postgres import driver_url
from bot.store.refusals import UnreachableError


@contextmanager
def looking_beside(url: str) -> Iterator[Session]:
    """
    Raises:
        CannotOpenError: there is no database, it does not answer, or it is of another version; in words.
    """
    file = file_of(url)
    if file is not None and not file.exists():
        raise UnreachableError(f"There is no database at {file} yet; `sora-bot run` makes one.")
    read_only = f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true" if file is not None else driver_url(url)
    engine = sa.create_engine(read_only, poolclass=sa.NullPool)
    try:
        with Session(engine) as session:
            yield session
    except (sa.exc.OperationalError, sa.exc.ProgrammingError) as error:
        raise UnreachableError(
            f"The database cannot be read as it is ({type(error.orig).__name__}): it does not answer, or it is of"
            " another version of sora-bot. `sora-bot run` brings it up to date."
        ) from None
    finally:
        engine.dispose()
