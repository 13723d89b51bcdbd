"""How all stands, in one look on both databases: counted right, and cheap however much lies behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from bot.jobs.attempt import AttemptState
from bot.jobs.model import JobState, Waiting
from bot.providers.errors import AuthFailed
from bot.slack.ports import CardState, PosterState
from bot.store.engine import Store, open_engine
from bot.store.figures import LATEST, Figures, StoredFigures
from bot.store.tables.jobs import AttemptRow, JobRow, WorkspaceRow
from bot.store.tables.slack import CardRow
from bot.store.upstreams import StoredHealths
from bot.upstreams.circuit import CircuitState

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    engine = open_engine(url, busy_timeout_ms=5000)
    SQLModel.metadata.create_all(engine)
    store = Store(engine, writer_threads=2)
    try:
        yield store
    finally:
        store.close()


def a_job(number: int, state: JobState, *, version: int = 1, waiting: Waiting | None = None, age_s: int = 0) -> JobRow:
    return JobRow(
        id=f"j{number}",
        team_id="T1",
        number=number,
        order_key=f"k{number}",
        user_id="U1",
        slack_channel_id="C1",
        prompt="p",
        prompt_hash="h",
        wanted={},
        state=state.value,
        state_since=NOW - timedelta(seconds=age_s),
        created_at=NOW,
        held_usd_micros=1,
        catalogue_version="1",
        version=version,
        waiting=waiting.value if waiting else None,
    )


def a_try(number: int, upstream: str) -> AttemptRow:
    return AttemptRow(
        id=f"a{number}",
        job_id=f"j{number}",
        team_id="T1",
        number=1,
        upstream=upstream,
        model="m",
        wire_name="m",
        fingerprint="f",
        length_s=4,
        width_px=1,
        height_px=1,
        usd_micros=1,
        state=AttemptState.SUBMITTED.value,
        intent_at=NOW,
        deadline_at=NOW,
        webhook_token=f"t{number}",
    )


def a_card(number: int, *, shows: int, state: CardState = CardState.POSTED) -> CardRow:
    return CardRow(
        job_id=f"j{number}",
        team_id="T1",
        slack_channel_id="C1",
        ts=f"{number}.1",
        state=state.value,
        shown_version=shows,
        poster=PosterState.NONE.value,
    )


async def kept(store: Store, *rows: Any, last_number: int = 100) -> None:
    def write(session: Session) -> None:
        session.merge(WorkspaceRow(team_id="T1", last_number=last_number))
        for kind in (JobRow, AttemptRow, CardRow):
            session.add_all([each for each in rows if isinstance(each, kind)])
            session.flush()
        for row in rows:
            if isinstance(row, AttemptRow):
                session.get_one(JobRow, row.job_id).attempt_id = row.id

    await store.write(write)


async def look(store: Store) -> Figures:
    return await StoredFigures(store).look()


async def test_nothing_yet(database_url: str) -> None:
    async with opened(database_url) as store:
        assert await look(store) == Figures(jobs={}, waiting={}, oldest_since={}, cards_behind=0, circuits={})


async def test_what_is_in_hand_is_counted_by_state_service_and_reason(database_url: str) -> None:
    async with opened(database_url) as store:
        await kept(
            store,
            a_job(1, JobState.QUEUED, waiting=Waiting.TURN, age_s=5),
            a_job(2, JobState.QUEUED, waiting=Waiting.TURN, age_s=50),
            a_job(3, JobState.QUEUED),
            a_job(4, JobState.RENDERING, age_s=60),
            a_job(5, JobState.RENDERING, age_s=90),
            a_job(6, JobState.CHECKING, age_s=4000),
            a_job(7, JobState.DELIVERED, age_s=99999),
            a_job(8, JobState.FAILED, age_s=99999),
            a_try(4, "fal"),
            a_try(5, "videos"),
            a_try(6, "fal"),
            a_try(7, "fal"),
        )
        found = await look(store)
    assert found.jobs == {
        ("queued", ""): 3,
        ("rendering", "fal"): 1,
        ("rendering", "videos"): 1,
        ("checking", "fal"): 1,
    }
    assert found.waiting == {"turn": 2, "": 1}
    ages_s = {state: (NOW - since).total_seconds() for state, since in found.oldest_since.items()}
    assert ages_s == {"queued": 50, "rendering": 90, "checking": 4000}


async def test_cards_behind_are_those_in_slack_that_show_less_than_is_so(database_url: str) -> None:
    async with opened(database_url) as store:
        await kept(
            store,
            a_job(1, JobState.RENDERING, version=3),
            a_job(2, JobState.RENDERING, version=3),
            a_job(3, JobState.DELIVERED, version=9),
            a_job(4, JobState.DELIVERED, version=9),
            a_job(5, JobState.FAILED, version=9),
            a_card(1, shows=2),
            a_card(2, shows=3),
            a_card(3, shows=8),
            a_card(4, shows=9),
            a_card(5, shows=1, state=CardState.GONE),
        )
        assert (await look(store)).cards_behind == 2
        # Of what ended long ago nobody expects a change; it is not looked through every time.
        await kept(store, last_number=3 + LATEST)
        assert (await look(store)).cards_behind == 1


async def test_circuits_come_along(database_url: str) -> None:
    async with opened(database_url) as store:
        await StoredHealths(store).observe("fal", error_kind=AuthFailed.kind, now=NOW)
        assert (await look(store)).circuits["fal"].state is CircuitState.OPEN


async def test_a_look_walks_along_indexes_however_many_jobs_have_ended(tmp_path: Any) -> None:
    async with opened(f"sqlite:///{tmp_path}/sora.sqlite") as store:
        await kept(store, a_job(1, JobState.DELIVERED), last_number=1)
        seen: list[tuple[str, Any]] = []

        @sa.event.listens_for(store.engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            seen.append((statement, parameters))

        await look(store)
        asked = [each for each in seen if "JOIN" in each[0]]
        assert len(asked) == 2
        with store.engine.connect() as connection:
            for statement, parameters in asked:
                plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                assert not [step for step in plan if step.startswith("SCAN")], plan
