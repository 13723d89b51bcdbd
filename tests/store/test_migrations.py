"""Schemas go forward only, by adding; a copy is kept, and nobody starts on rows he does not know."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import databases
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import Kind
from sqlmodel import SQLModel
from virtual_clock import VirtualClock

from bot.store.backup import KEEP, backups_of
from bot.store.engine import open_engine, opened_store
from bot.store.migrate import alembic_config, migrate
from bot.store.refusals import BackupFailedError, NewerSchemaError, UnreachableError
from bot.store.schema import SCRIPTS, is_newest

LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9001", "{head}", None, None


def upgrade() -> None:
    op.add_column("workspace", sa.Column("later", sa.String(), nullable=False, server_default="new"))
    op.create_table("later_table", sa.Column("id", sa.String(), primary_key=True))
"""
BROKEN = LATER + '    op.add_column("no_such_table", sa.Column("id", sa.String()))\n'
HEAD = str(ScriptDirectory(str(SCRIPTS)).get_current_head())


def later_scripts(folder: Path, text: str = LATER) -> Path:
    """The migrations of a version to come."""
    shutil.copytree(SCRIPTS, folder / "later", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "later" / "versions" / "9001_later.py").write_text(text.format(head=HEAD))
    return folder / "later"


@pytest.fixture(params=list(Kind), ids=str)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    return databases.empty_postgres() if request.param is Kind.POSTGRES else f"sqlite:///{tmp_path}/sora.sqlite"


def schema_of(url: str) -> str | None:
    engine = open_engine(url, busy_timeout_ms=1000)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


async def test_a_migrated_database_is_exactly_what_the_rows_say(empty_url: str) -> None:
    async with opened_store(empty_url) as store:
        with store.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"include_name": _ours})
            missing = produce_migrations(context, SQLModel.metadata).upgrade_ops
            assert missing is not None
            assert missing.is_empty(), f"a new file in migrations/versions must do:\n{render_python_code(missing)}"


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name != "alembic_version"


def test_each_migration_only_adds_so_that_the_version_before_it_goes_on_beside_it(empty_url: str) -> None:
    engine = open_engine(empty_url, busy_timeout_ms=1000)
    before: dict[tuple[str, str], tuple[str, bool]] = {}
    for script in reversed(list(ScriptDirectory(str(SCRIPTS)).walk_revisions())):
        with engine.begin() as connection:
            command.upgrade(alembic_config(connection), script.revision)
        with engine.connect() as connection:
            looked = sa.inspect(connection)
            tables_now = looked.get_table_names()
            columns = {(table, each["name"]): each for table in tables_now for each in looked.get_columns(table)}
        after = {where: (str(column["type"]), column["nullable"]) for where, column in columns.items()}
        assert before.items() <= after.items(), f"{script.revision} changes or drops what is in use"
        tables = {table for table, _ in before}
        for where in after.keys() - before.keys():
            written_by_old = where[0] in tables
            fits = columns[where]["nullable"] or columns[where]["default"] is not None
            assert fits or not written_by_old, f"{where} of {script.revision} needs NULL or a server_default"
        before = after
    engine.dispose()


def test_the_newest_schema_is_told_from_the_names_of_the_files(empty_url: str, tmp_path: Path) -> None:
    engine = open_engine(empty_url, busy_timeout_ms=1000)
    assert not is_newest(engine), "there is none yet"
    for script in reversed(list(ScriptDirectory(str(SCRIPTS)).walk_revisions())):
        with engine.begin() as connection:
            command.upgrade(alembic_config(connection), script.revision)
        assert is_newest(engine) is (script.revision == HEAD)
    assert not is_newest(engine, scripts=later_scripts(tmp_path))
    engine.dispose()


OPENED = """
import asyncio, sys
from bot.store.engine import opened_store

async def start(url):
    async with opened_store(url):
        print(*(each for each in sys.modules if each.startswith("alembic")))

asyncio.run(start(sys.argv[1]))
"""


def test_an_ordinary_start_does_without_the_machinery_of_migrations(tmp_path: Path) -> None:
    def loaded() -> str:
        command_line = [sys.executable, "-c", OPENED, f"sqlite:///{tmp_path}/sora.sqlite"]
        return subprocess.run(command_line, capture_output=True, text=True, check=True).stdout.strip()

    assert "alembic" in loaded(), "the first start makes the schema"
    assert loaded() == ""


async def test_an_upgrade_leaves_a_copy_of_the_file_as_it_was(tmp_path: Path) -> None:
    url, file, clock = f"sqlite:///{tmp_path}/sora.sqlite", tmp_path / "sora.sqlite", VirtualClock()
    async with opened_store(url, clock=clock) as store:
        await store.write(lambda session: session.execute(sa.text("INSERT INTO workspace VALUES ('T1', 7)")))
    async with opened_store(url, clock=clock):
        pass
    assert backups_of(file) == []
    async with opened_store(url, clock=clock, scripts=later_scripts(tmp_path)):
        pass
    [kept] = backups_of(file)
    assert kept.name == f"sora-before-{clock.now():%Y%m%dT%H%M%SZ}-schema-{HEAD}.sqlite"
    assert (schema_of(url), schema_of(f"sqlite:///{kept}")) == ("9001", HEAD)
    with closing(sqlite3.connect(kept)) as old:
        assert old.execute("SELECT * FROM workspace").fetchall() == [("T1", 7)]


async def test_the_last_few_copies_are_kept(tmp_path: Path) -> None:
    url, file, clock = f"sqlite:///{tmp_path}/sora.sqlite", tmp_path / "sora.sqlite", VirtualClock()
    async with opened_store(url, clock=clock):
        pass
    later = later_scripts(tmp_path)
    for _ in range(KEEP + 2):
        await clock.advance(timedelta(days=1).total_seconds())
        async with opened_store(url, clock=clock, scripts=later):
            pass
        with closing(sqlite3.connect(file)) as back, back:
            back.execute("ALTER TABLE workspace DROP COLUMN later")
            back.execute("DROP TABLE later_table")
            back.execute("UPDATE alembic_version SET version_num = ?", (HEAD,))
    days = [kept.name.split("-")[2][:8] for kept in backups_of(file)]
    assert days == sorted(days)
    assert days[-1] == f"{clock.now():%Y%m%d}"
    assert len(days) == KEEP


async def test_without_a_copy_nothing_is_changed(tmp_path: Path) -> None:
    url, clock = f"sqlite:///{tmp_path}/sora.sqlite", VirtualClock()
    async with opened_store(url, clock=clock):
        pass
    (tmp_path / f"sora-before-{clock.now():%Y%m%dT%H%M%SZ}-schema-{HEAD}.sqlite.part").mkdir()
    with pytest.raises(BackupFailedError, match="nothing was changed"):
        async with opened_store(url, clock=clock, scripts=later_scripts(tmp_path)):
            pass
    assert schema_of(url) == HEAD


async def test_a_database_of_a_newer_version_is_refused_in_words_and_left_alone(empty_url: str) -> None:
    engine = open_engine(empty_url, busy_timeout_ms=1000)
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerSchemaError, match="newer version"):
        async with opened_store(empty_url):
            pass
    assert schema_of(empty_url) == "9999"
    engine.dispose()


def test_a_migration_that_breaks_in_its_middle_leaves_the_schema_before_it(empty_url: str, tmp_path: Path) -> None:
    engine = open_engine(empty_url, busy_timeout_ms=1000)
    migrate(engine)
    with pytest.raises(sa.exc.DBAPIError):
        migrate(engine, scripts=later_scripts(tmp_path, BROKEN))
    assert schema_of(empty_url) == HEAD
    assert "later_table" not in sa.inspect(engine).get_table_names()
    migrate(engine)
    engine.dispose()


def test_replicas_that_start_at_once_migrate_once() -> None:
    url = databases.empty_postgres()
    engines = [open_engine(url, busy_timeout_ms=1000) for _ in range(4)]
    start = Barrier(len(engines))

    def replica(engine: sa.Engine) -> None:
        start.wait()
        migrate(engine)
        engine.dispose()

    with ThreadPoolExecutor(len(engines)) as threads:
        list(threads.map(replica, engines))
    assert schema_of(url) == HEAD


async def test_the_old_version_goes_on_while_the_new_one_has_migrated_and_is_refused_only_when_it_starts_anew(
    tmp_path: Path,
) -> None:
    url = databases.empty_postgres()
    count = "INSERT INTO workspace (team_id, last_number) VALUES ('{}', 1)"
    look = sa.text("SELECT team_id, last_number FROM workspace ORDER BY team_id")
    async with opened_store(url) as old:
        for number in range(8):  # more often than the driver waits before it prepares a statement
            await old.write(lambda session, number=number: session.execute(sa.text(count.format(f"old{number}"))))
            await old.read(lambda session: session.execute(look).all())
        async with opened_store(url, scripts=later_scripts(tmp_path)) as new:
            await old.write(lambda session: session.execute(sa.text(count.format("old9"))))
            assert len(await old.read(lambda session: session.execute(look).all())) == 9
            told = sa.text("SELECT later FROM workspace WHERE team_id = 'old9'")
            assert await new.read(lambda session: session.scalar(told)) == "new"
            with pytest.raises(NewerSchemaError):
                async with opened_store(url):
                    pass


async def test_a_server_that_does_not_answer_is_said_without_its_password() -> None:
    with pytest.raises(UnreachableError, match="does not answer") as refused:
        async with opened_store("postgresql://bot:hidden@127.0.0.1:1/sora"):
            pass
    assert "127.0.0.1" in str(refused.value)
    assert "hidden" not in str(refused.value)
