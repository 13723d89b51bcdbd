"""`sora-bot db copy`: every row of every table arrives, and what cannot be done is refused before anything happens."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import databases
import pytest
import sqlalchemy as sa
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.app import app
from bot.store.copying import ROWS_AT_ONCE
from bot.store.engine import open_engine, opened_store
from bot.store.tables import all_tables
from bot.store.tables.types import UtcDateTime

NOW = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)


def a_row(table: sa.Table, number: int) -> dict[str, Any]:
    """Something in every column, other in every row; what refers to a row refers to that of its own number."""
    return {column.name: a_value(column, number) for column in table.columns}


def a_value(column: sa.Column[Any], number: int) -> object:
    kind = column.type.python_type
    for key in column.foreign_keys:
        return a_value(key.column, number)
    if column.name == "state":
        return "delivered" if number % 3 else "rendering"
    if isinstance(column.type, UtcDateTime):
        return NOW
    if kind is bool:
        return number % 2 == 0
    if kind is int:
        return number + (3_000_000_000 if isinstance(column.type, sa.BigInteger) else 0)
    if kind is float:
        return number / 7
    if isinstance(column.type, sa.JSON):
        return {"model": "שלום 🏄", "number": number}
    return f"{column.table.name}.{column.name} {number}"


async def a_full_file(folder: Path, rows: int) -> str:
    """A SQLite database with as many rows in each table."""
    url = f"sqlite:///{folder}/sora.sqlite"
    async with opened_store(url) as store:
        for table in all_tables():
            values = [a_row(table, number) for number in range(1, rows + 1)]
            await store.write(lambda session, table=table, values=values: session.execute(sa.insert(table), values))
    return url


def everything_in(url: str) -> dict[str, list[tuple[Any, ...]]]:
    engine = open_engine(url, busy_timeout_ms=1000)
    try:
        with engine.connect() as connection:
            rows = {table.name: connection.execute(sa.select(table)).all() for table in all_tables()}
            return {name: sorted((tuple(row) for row in found), key=str) for name, found in rows.items()}
    finally:
        engine.dispose()


async def copy(target: str, source: str) -> Result:
    """As somebody types it; in a thread, because the command brings an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["db", "copy", target, "--from", source])


async def test_every_row_of_every_table_arrives_as_it_was_and_is_counted(tmp_path: Path) -> None:
    rows = ROWS_AT_ONCE + 3
    source, target = await a_full_file(tmp_path, rows), databases.empty_postgres()
    expected = everything_in(source)
    said = await copy(target, source)
    assert said.exit_code == 0, said.output
    assert everything_in(target) == expected
    for table in all_tables():
        assert f"{table.name:<16}{rows:>9}" in said.output
    held = sum(3_000_000_000 + number for number in range(1, rows + 1)) / 1_000_000
    assert f"held ${held:,.6f}" in said.output
    assert f"{rows // 3} videos are under way" in said.output
    assert [each.name[:11] for each in tmp_path.glob("*.sqlite")] == ["sora-moved-"]


async def test_numbers_that_postgres_gives_out_go_on_after_those_that_came_along(tmp_path: Path) -> None:
    source, target = await a_full_file(tmp_path, 5), databases.empty_postgres()
    assert (await copy(target, source)).exit_code == 0
    [delivery] = [table for table in all_tables() if table.name == "delivery"]
    engine = open_engine(target, busy_timeout_ms=1000)
    with engine.begin() as connection:
        fresh = a_row(delivery, 2) | {"slack_channel_id": "another"}
        del fresh["id"]
        assert connection.execute(sa.insert(delivery).values(fresh).returning(delivery.c.id)).scalar() == 6
    engine.dispose()


async def test_a_character_that_postgres_cannot_store_does_not_keep_anybody_from_moving(tmp_path: Path) -> None:
    source, target = await a_full_file(tmp_path, 1), databases.empty_postgres()
    async with opened_store(source) as store:
        await store.write(lambda session: session.execute(sa.text("UPDATE job SET prompt = 'a' || char(0) || 'b'")))
    assert (await copy(target, source)).exit_code == 0
    assert "ab" in str(everything_in(target)["job"])


async def test_a_database_in_use_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    source, target = await a_full_file(tmp_path, 2), databases.empty_postgres()
    async with opened_store(target) as store:
        await store.write(lambda session: session.execute(sa.text("INSERT INTO workspace VALUES ('T9', 1)")))
    before = everything_in(target)
    said = await copy(target, source)
    assert (said.exit_code, "is in use" in said.output) == (2, True)
    assert everything_in(target) == before
    assert (tmp_path / "sora.sqlite").exists()


async def test_a_running_bot_is_refused(tmp_path: Path) -> None:
    source = await a_full_file(tmp_path, 1)
    async with opened_store(source):
        said = await copy(databases.empty_postgres(), source)
    assert (said.exit_code, "Another sora-bot is running" in said.output) == (2, True)


@pytest.mark.parametrize(
    ("target", "source", "words"),
    [
        ("postgresql://bot:hidden@127.0.0.1:1/sora", "sqlite:///{folder}/sora.sqlite", "does not answer"),
        ("mysql://bot:hidden@db/sora", "sqlite:///{folder}/sora.sqlite", "no database that sora-bot can use"),
        ("sqlite:///other.sqlite", "sqlite:///{folder}/sora.sqlite", "Give the Postgres to copy to"),
        ("postgresql://bot:hidden@127.0.0.1:1/sora", "sqlite:///{folder}/nothing.sqlite", "no SQLite file"),
        ("postgresql://bot:hidden@127.0.0.1:1/sora", "postgresql://bot:hidden@db/sora", "no SQLite file"),
    ],
)
async def test_what_cannot_be_copied_is_said_without_a_password_and_changes_nothing(
    tmp_path: Path, target: str, source: str, words: str
) -> None:
    await a_full_file(tmp_path, 1)
    said = await copy(target, source.format(folder=tmp_path))
    assert (said.exit_code, words in said.output, "hidden" in said.output) == (2, True, False)
    assert (tmp_path / "sora.sqlite").exists()


async def test_where_to_copy_from_is_read_from_the_settings_and_no_token_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLACK_BOT_TOKEN", raising=False)
    monkeypatch.setenv("SORA_DATABASE_URL", await a_full_file(tmp_path, 1))
    said = await asyncio.to_thread(CliRunner().invoke, app, ["db", "copy", databases.empty_postgres()])
    assert said.exit_code == 0, said.output
    assert "Every count and every sum is the same in both." in said.output
