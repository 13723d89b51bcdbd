"""The database: one engine with the settings that make a commit mean something, and our own threads to run it in.

Sessions are plain synchronous ones. A transaction is a function that runs in one thread from BEGIN to COMMIT: nobody
can await inside it, which on one SQLite file is a deadlock, and the durable engine joins it with its own synchronous
call.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.clock import Clock, SystemClock
from bot.store.alone import file_of, held_alone
from bot.store.answering import DatabaseAwayError, SacrificedError, answering
from bot.store.backup import back_up
from bot.store.group_commit import GroupCommit, Outcome, side_by_side
from bot.store.postgres import driver_url, is_postgres, one_view, postgres_engine
from bot.store.refusals import UnreachableError
from bot.store.schema import SCRIPTS, is_newest

T = TypeVar("T")

_log = logging.getLogger(__name__)

READER_THREADS = 3
"""Readers beside the one writer. SQLite in WAL mode lets them pass a writer."""
POSTGRES_WRITER_THREADS = 4
SACRIFICED_MAX = 3
SURELY_S = 120.0
SURELY_PAUSE_S = 0.5


TOGETHER_MAX = 20
"""Transactions that share a commit on SQLite; some ten milliseconds of work."""


class Store:
    """Runs transactions. Writers queue for one thread on SQLite, so waiting for the lock is fair and never busy; who
    has to wait shares the next commit, because the disk allows only so many a second.
    """

    _together: "GroupCommit[Callable[[Session], Any], Outcome] | None" = None

    def __init__(self, engine: sa.Engine, *, writer_threads: int) -> None:
        self.engine = engine
        self._views = one_view(engine)
        self._writers = ThreadPoolExecutor(writer_threads, thread_name_prefix="store-write")
        self._readers = ThreadPoolExecutor(READER_THREADS, thread_name_prefix="store-read")
        if writer_threads == 1:
            self._together = GroupCommit(self, side_by_side, kin=lambda work: work, together_max=TOGETHER_MAX)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one transaction and commit it before returning. Raising rolls back.

        Raises:
            DatabaseAwayError: it may be repeated, like everything that a process could have died in.
        """
        if self._together is None:
            return await self.in_writer(lambda: self.transact(work))
        outcome = await self._together.commit(work)
        if outcome.error is not None:
            raise outcome.error
        value: T = outcome.value
        return value

    async def write_surely(self, work: Callable[[Session], T]) -> T:
        """`write`, again and again while the database is away: for what nobody could tell us a second time."""
        for _ in range(round(SURELY_S / SURELY_PAUSE_S)):
            try:
                return await self.write(work)
            except DatabaseAwayError:
                await asyncio.sleep(SURELY_PAUSE_S)
        return await self.write(work)

    async def in_writer(self, work: Callable[[], T]) -> T:
        """Run `work` in a writer's thread, where it may `transact`."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, work)

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on one consistent view of the database.

        Raises:
            DatabaseAwayError: no answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, work)

    async def ping(self) -> None:
        """Raises whatever keeps the database from answering."""
        await self.read(lambda session: session.execute(sa.text("SELECT 1")))

    def close(self) -> None:
        self._writers.shutdown()
        self._readers.shutdown()
        self.engine.dispose()

    def transact(self, work: Callable[[Session], T]) -> T:
        """`write` for those who are in a writer's thread already."""
        for _ in range(SACRIFICED_MAX):
            with suppress(SacrificedError):
                return self._transact(work)
        return self._transact(work)

    def _transact(self, work: Callable[[Session], T]) -> T:
        with answering(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            if self.engine.dialect.name == "sqlite":
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            return work(session)

    def _look(self, work: Callable[[Session], T]) -> T:
        with answering(), Session(self._views, expire_on_commit=False) as session:
            return work(session)


def open_engine(url: str, *, busy_timeout_ms: int, isolation_level: str | None = None) -> sa.Engine:
    """An engine whose commits are on disk when they return.

    SQLite: WAL, so that readers pass the writer, and synchronous FULL, because a lost intent row is a doubled POST.
    `isolation_level` is sqlite3's own: None means that we say BEGIN ourselves, "IMMEDIATE" that each write begins so.
    """
    if is_postgres(url):
        return postgres_engine(url, connections=READER_THREADS + POSTGRES_WRITER_THREADS)
    engine = sa.create_engine(url, pool_size=8, max_overflow=0, connect_args={"check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:
        connection.isolation_level = isolation_level
        if sqlite3.sqlite_version_info < (3, 42):
            # Debian 12 has 3.40, where unixepoch('subsec') is NULL and the durable engine cannot start (2026-11-21).
            connection.create_function("unixepoch", 1, lambda _modifier: round(time.time(), 3))  # noqa: TID251
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={busy_timeout_ms}", "foreign_keys=ON"):
            connection.execute("PRAGMA " + pragma)

    return engine


@asynccontextmanager
async def opened_store(
    url: str, *, busy_timeout_ms: int = 5000, clock: Clock = SystemClock(), scripts: Path | None = None
) -> AsyncIterator[Store]:
    """Open the database with our schema brought up to date; a SQLite file is copied before that changes it.

    `scripts`: other migrations than this version's.

    Raises:
        CannotOpenError: see `refusals`; in words for whoever started this.
    """
    url = driver_url(url)
    file = file_of(url)

    def copied(schema: str) -> None:
        if file is not None:
            kept = back_up(file, schema=schema, now=clock.now())
            _log.info("the database is upgraded; as it was it is kept in %s", kept)

    with held_alone(file):
        engine = open_engine(url, busy_timeout_ms=busy_timeout_ms)
        store = Store(engine, writer_threads=POSTGRES_WRITER_THREADS if is_postgres(url) else 1)
        try:
            try:
                with answering():
                    _bring_up_to_date(engine, scripts or SCRIPTS, before=copied)
            except DatabaseAwayError as error:
                raise UnreachableError(_unreachable(url, error)) from None
            yield store
        finally:
            store.close()


def _bring_up_to_date(engine: sa.Engine, scripts: Path, *, before: Callable[[str], object]) -> None:
    if is_newest(engine, scripts=scripts):
        return
    from bot.store.migrate import migrate

    migrate(engine, scripts=scripts, before=before)


def _unreachable(url: str, error: DatabaseAwayError) -> str:
    at = sa.make_url(url)
    return (
        f"The database does not answer ({at.host or 'on this machine'}, {at.database}): {error.said}. Nothing was"
        " started. SORA_DATABASE_URL says where it is and who may use it."
    )
