"""Circuits on both databases, with connections of their own per thread."""

import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import databases
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from bot.store import circuits
from bot.store.engine import opened_store
from bot.store.postgres import driver_url
from bot.store.upstreams import StoredHealths
from bot.upstreams.circuit import COOL_OFF_S, TRIAL_S, Circuit, CircuitState, observed

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
DUE = NOW + timedelta(seconds=COOL_OFF_S)


@pytest.fixture(params=["IMMEDIATE", "DEFERRED", "postgres"])
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[sa.Engine]:
    """Postgres, and each way sqlite3 itself may begin a write: the rows are right under all."""
    if request.param == "postgres":
        opened = sa.create_engine(
            driver_url(databases.url_for(tmp_path / "health.sqlite", databases.Kind.POSTGRES)), poolclass=sa.NullPool
        )
    else:
        opened = sa.create_engine(
            f"sqlite:///{tmp_path / 'health.sqlite'}",
            connect_args={"isolation_level": request.param, "timeout": 30},
            poolclass=sa.NullPool,
        )
        with opened.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        SQLModel.metadata.create_all(
            opened,
            tables=[
                SQLModel.metadata.tables[each] for each in ("circuit", "incident", "health_check", "attempt", "job")
            ],
        )
    yield opened
    opened.dispose()


@pytest.fixture
async def healths(database_url: str) -> AsyncIterator[StoredHealths]:
    async with opened_store(database_url) as store:
        yield StoredHealths(store)


def observe(engine: sa.Engine, kind: str | None, *, now: datetime = NOW, model: str | None = None) -> None:
    with Session(engine) as session, session.begin():
        circuits.observe(session, "fal", error_kind=kind, now=now, model=model)


def lease(engine: sa.Engine, job_id: str, *, now: datetime = DUE, model: str | None = None) -> bool:
    with Session(engine) as session, session.begin():
        return circuits.lease_trial(session, "fal", job_id=job_id, now=now, model=model)


def stored(engine: sa.Engine) -> dict[str, Circuit]:
    with Session(engine) as session:
        return circuits.circuits(session)


def test_what_is_stored_is_what_the_fold_says(engine: sa.Engine) -> None:
    expected: Circuit | None = None
    for kind in (None, "capacity", "outcome_unknown", None, "moderation", "capacity", "timeout", "capacity", "quota"):
        observe(engine, kind)
        expected = observed(expected, error_kind=kind, now=NOW)
        assert stored(engine) == {"fal": expected}


def test_strikes_from_many_threads_at_once_all_count(engine: sa.Engine) -> None:
    for _ in range(10):
        observe(engine, None)
    start = Barrier(4)

    def fails(_: int) -> None:
        start.wait()
        observe(engine, "capacity")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(fails, range(4)))
    assert stored(engine)["fal"].strikes == 2
    observe(engine, "capacity")
    assert stored(engine)["fal"].state is CircuitState.OPEN


def test_of_twenty_jobs_that_want_the_trial_at_once_one_gets_it(engine: sa.Engine) -> None:
    for _ in range(3):
        observe(engine, "capacity")
    start = Barrier(20)

    def ask(number: int) -> bool:
        start.wait()
        return lease(engine, f"job{number}")

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(ask, range(20))) == 1
    assert stored(engine)["fal"].state is CircuitState.HALF_OPEN


def test_the_trial_is_its_jobs_again_after_a_restart_and_anothers_after_its_time(engine: sa.Engine) -> None:
    for _ in range(3):
        observe(engine, "capacity")
    assert not lease(engine, "job1", now=NOW)
    assert lease(engine, "job1")
    assert lease(engine, "job1")
    assert not lease(engine, "job2")
    assert lease(engine, "job2", now=DUE + timedelta(seconds=TRIAL_S))
    assert not lease(engine, "job1", now=DUE + timedelta(seconds=TRIAL_S))


def test_no_trial_is_needed_where_nothing_is_known_or_all_is_well(engine: sa.Engine) -> None:
    assert lease(engine, "job1")
    observe(engine, None)
    assert lease(engine, "job1")
    assert lease(engine, "job2")


def test_the_retirement_of_one_model_leaves_the_account_in_use(engine: sa.Engine) -> None:
    observe(engine, None)
    observe(engine, "retired", model="old")
    found = stored(engine)
    assert found["fal"].is_closed
    assert found["fal/old"].state is CircuitState.OPEN
    assert lease(engine, "job1")
    observe(engine, "capacity", model="old")
    assert stored(engine)["fal"].strikes == 0


def test_an_account_of_which_only_a_retired_model_is_known_counts_as_not_used_yet(engine: sa.Engine) -> None:
    observe(engine, "retired", model="old")
    assert list(stored(engine)) == ["fal/old"]


def test_one_broken_model_is_left_alone_and_the_others_stay_in_use(engine: sa.Engine) -> None:
    for _ in range(3):
        observe(engine, "capacity", model="wan")
    assert stored(engine)["fal"].is_closed
    assert stored(engine)["fal/wan"].state is CircuitState.OPEN
    assert not lease(engine, "job1", model="wan", now=NOW)
    assert lease(engine, "job1", model="kling", now=NOW)
    assert lease(engine, "job1", model="wan")
    assert not lease(engine, "job2", model="wan")
    observe(engine, None, model="wan", now=DUE)
    assert lease(engine, "job2", model="wan")


def test_a_trial_of_a_service_is_not_taken_by_a_job_that_its_model_turns_away(engine: sa.Engine) -> None:
    observe(engine, "retired", model="old")
    for _ in range(3):
        observe(engine, "capacity")
    assert not lease(engine, "job1", model="old")
    assert lease(engine, "job2", model="wan")


async def test_healths_are_shared_and_an_operator_who_acted_is_noticed(healths: StoredHealths) -> None:
    await healths.observe("fal", error_kind="auth", now=NOW)
    assert not await healths.lease_trial("fal", job_id="job1", now=DUE)
    await healths.operator_acted(now=DUE)
    assert await healths.lease_trial("fal", job_id="job1", now=DUE)
    await healths.observe("fal", error_kind=None, now=DUE)
    assert (await healths.circuits())["fal"].is_closed


async def test_the_log_has_one_line_when_a_service_goes_out_and_one_when_it_is_back(
    healths: StoredHealths, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot.store.upstreams")
    for kind in (None, *["capacity"] * 7, None, None):
        await healths.observe("fal", error_kind=kind, now=NOW)
    assert [(each.levelname, each.__dict__["state"]) for each in caplog.records] == [
        ("WARNING", "open"),
        ("INFO", "closed"),
    ]
