"""A database that is locked for longer than we wait, in the one moment that cannot be asked for again."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import SQLModel

from bot.jobs.model import JobState
from bot.slack.ports import CardState, Shown
from bot.store.cards import StoredCards
from bot.store.engine import Store, open_engine
from bot.store.tables.jobs import JobRow

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


async def test_where_a_card_is_gets_written_down_when_the_database_is_back(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'bot.db'}", busy_timeout_ms=20)
    SQLModel.metadata.create_all(engine)
    store = Store(engine, writer_threads=1)
    cards = StoredCards(store)
    await store.write(lambda session: session.add(_job()))
    await cards.owe("j1", "T1", "C1", None)
    await cards.intend("j1", was=CardState.OWED, at=NOW)
    other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    shown = Shown(version=1, hash="h", at=NOW)

    posted = asyncio.ensure_future(cards.posted("j1", slack_channel_id="C1", ts="1.1", thread_ts=None, shown=shown))
    await asyncio.sleep(0.1)  # longer than the busy timeout
    other.execute("ROLLBACK")
    await posted

    card = await cards.card("j1")
    assert card is not None
    assert (card.state, card.ts) == (CardState.POSTED, "1.1")
    other.close()
    store.close()


def _job() -> JobRow:
    return JobRow(
        id="j1",
        team_id="T1",
        number=1,
        order_key="k1",
        user_id="U1",
        slack_channel_id="C1",
        prompt="a corgi",
        prompt_hash="h",
        wanted={},
        state=JobState.QUEUED.value,
        state_since=NOW,
        created_at=NOW,
        held_usd_micros=1,
        catalogue_version="1",
    )
