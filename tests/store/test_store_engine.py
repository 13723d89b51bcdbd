"""The database as it is opened: settings, one process per file, schema up to date or refused."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.engine import opened_store
from bot.store.refusals import DatabaseTakenError


async def test_a_commit_is_on_disk_and_readers_pass_the_writer(tmp_path: Path) -> None:
    async with opened_store(f"sqlite:///{tmp_path}/new/sora.sqlite") as store:
        with store.engine.connect() as connection:
            told = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        assert told == ["wal", 2]  # 2 is FULL


async def test_a_second_process_is_refused_in_words_that_name_the_way_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sora.sqlite"
    other = (
        "import asyncio, sys\nfrom bot.store.engine import opened_store\n"
        f"async def main():\n    async with opened_store({url!r}): pass\n"
        "asyncio.run(main())"
    )
    async with opened_store(url):
        with pytest.raises(DatabaseTakenError, match="Postgres"):
            async with opened_store(url):
                pass
        refused = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
        assert "DatabaseTakenError" in refused.stderr
    free = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
    assert free.returncode == 0, free.stderr


async def test_a_transaction_that_raises_leaves_nothing(database_url: str) -> None:
    async with opened_store(database_url) as store:

        def half(session: sa.orm.Session) -> None:
            session.execute(sa.text("INSERT INTO workspace (team_id, last_number) VALUES ('T1', 1)"))
            raise ValueError("after the first write")

        with pytest.raises(ValueError, match="after the first write"):
            await store.write(half)
        assert await store.read(lambda session: session.scalar(sa.text("SELECT count(*) FROM workspace"))) == 0
