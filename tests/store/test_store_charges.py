"""What services said that videos cost: finished ones, alike ones together, from beside a running bot."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from bot.catalogue.costs import Charged
from bot.jobs.attempt import AttemptState
from bot.jobs.model import JobState
from bot.store.charges import charged_since, read_beside
from bot.store.engine import Store, open_engine
from bot.store.tables.jobs import AttemptRow, JobRow

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@contextmanager
def opened(url: str) -> Iterator[Store]:
    engine = open_engine(url, busy_timeout_ms=5000)
    SQLModel.metadata.create_all(engine)
    store = Store(engine, writer_threads=2)
    try:
        yield store
    finally:
        store.close()


def tried(
    number: int,
    cost: int | None,
    *,
    state: AttemptState = AttemptState.SUCCEEDED,
    model: str = "m",
    length_s: int = 5,
    age: timedelta = timedelta(0),
) -> AttemptRow:
    return AttemptRow(
        id=f"a{number}",
        job_id="j1",
        team_id="T1",
        number=number,
        upstream="fal",
        model=model,
        wire_name="w",
        fingerprint="f",
        length_s=length_s,
        width_px=1280,
        height_px=720,
        usd_micros=1,
        state=state.value,
        intent_at=NOW - age,
        deadline_at=NOW,
        webhook_token=f"t{number}",
        ended_at=NOW - age,
        cost_usd_micros=cost,
    )


def filled(session: Session) -> None:
    session.add(
        JobRow(
            id="j1", team_id="T1", number=1, order_key="k", user_id="U1", slack_channel_id="C1", prompt="p",
            prompt_hash="h", wanted={}, state=JobState.DELIVERED.value, state_since=NOW, created_at=NOW,
            held_usd_micros=1, catalogue_version="1", version=1,
        )
    )  # fmt: skip
    session.flush()
    session.add_all(
        [
            tried(1, 500_000),
            tried(2, 700_000),
            tried(3, 900_000, length_s=8),
            tried(4, None),
            tried(5, 100_000, state=AttemptState.FAILED),
            tried(6, 100_000, age=timedelta(days=40)),
            tried(7, 3_000_000_000, model="other"),
        ]
    )


EXPECTED = [
    Charged(service="fal", model="m", length_s=5, size_px=(1280, 720), videos=2, usd_micros=1_200_000),
    Charged(service="fal", model="m", length_s=8, size_px=(1280, 720), videos=1, usd_micros=900_000),
    Charged(service="fal", model="other", length_s=5, size_px=(1280, 720), videos=1, usd_micros=3_000_000_000),
]


async def test_finished_videos_with_a_cost_are_added_up(database_url: str) -> None:
    with opened(database_url) as store:
        await store.write(filled)
        assert await store.read(lambda session: charged_since(session, NOW - timedelta(days=30))) == EXPECTED


async def test_from_beside_a_running_bot_the_same_is_read_and_nothing_is_locked(database_url: str) -> None:
    with opened(database_url) as store:
        await store.write(filled)
        assert read_beside(database_url, NOW - timedelta(days=30)) == EXPECTED
        await store.write(lambda session: session.add(tried(8, 1)))


def test_without_a_database_there_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    file = tmp_path / "sora.sqlite"
    assert read_beside(f"sqlite:///{file}", NOW) == []
    assert not file.exists()


def test_an_empty_database_is_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "sora.sqlite").touch()
    assert read_beside(f"sqlite:///{tmp_path / 'sora.sqlite'}", NOW) == []
    assert "could not be read" in caplog.text
