"""Several stores on one Postgres: who lives by the database's clock, and rings that cross to other processes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import databases
import psycopg
import pytest
import sqlalchemy as sa
from virtual_clock import VirtualClock

from bot.clock import SystemClock
from bot.jobs.bell import Ring
from bot.store.engine import Store, open_engine
from bot.store.peers import StoredPeers
from bot.store.wire import PostgresWire

VERSION = "jobs-of-this-test"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return databases.url_for(tmp_path / "shared", databases.Kind.POSTGRES)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with closing(Store(open_engine(url, busy_timeout_ms=5000), writer_threads=2)) as store:
        yield store


@pytest.fixture
def other(url: str) -> Iterator[Store]:
    with closing(Store(open_engine(url, busy_timeout_ms=5000), writer_threads=2)) as store:
        yield store


def a_story(url: str, name: str, *, of: str, status: str = "PENDING", version: str = VERSION) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO dbos.workflow_status"
            " (workflow_uuid, status, executor_id, application_version, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, 0, 0)",
            (name, status, of, version),
        )


def silent_since(url: str, name: str, seconds: float) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE peer SET seen_at = seen_at - make_interval(secs => %s) WHERE id = %s", (seconds, name)
        )


async def test_dead_are_those_with_stories_that_were_not_heard_of_for_so_long(
    url: str, store: Store, other: Store
) -> None:
    mine, theirs = StoredPeers(store, stories_version=VERSION), StoredPeers(other, stories_version=VERSION)
    for peers, name in ((mine, "lives"), (theirs, "silent"), (theirs, "idle")):
        await peers.beat(name)
    a_story(url, "s1", of="lives")
    a_story(url, "s2", of="silent")
    a_story(url, "s3", of="ended", status="SUCCESS")
    a_story(url, "s4", of="never-seen")
    a_story(url, "s5", of="older-program", version="jobs-of-before")
    silent_since(url, "silent", 20)
    silent_since(url, "idle", 3600)
    assert await mine.dead(silent_s=30) == {"never-seen"}
    silent_since(url, "silent", 11)
    assert await mine.dead(silent_s=30) == {"never-seen", "silent"}
    await theirs.beat("silent")
    assert await mine.dead(silent_s=30) == {"never-seen"}
    await theirs.leave("silent")
    assert await mine.dead(silent_s=30) == {"never-seen", "silent"}


async def test_rows_of_the_long_silent_do_not_pile_up(url: str, store: Store) -> None:
    peers = StoredPeers(store, stories_version=VERSION)
    for name in ("old", "me"):
        await peers.beat(name)
    silent_since(url, "old", 90_000)
    await peers.beat("me")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM peer").fetchall() == [("me",)]


@asynccontextmanager
async def listening(store: Store, *, sweep_s: float) -> AsyncIterator["asyncio.Queue[Ring]"]:
    heard: asyncio.Queue[Ring] = asyncio.Queue()
    wire = PostgresWire(store, clock=SystemClock(), sweep_s=sweep_s)
    running = asyncio.ensure_future(wire.run(heard.put_nowait))
    try:
        yield heard
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_ring_crosses_at_once_and_is_heard_once(store: Store, other: Store) -> None:
    sent = [Ring(job_id="j1"), Ring(upstream="fal", render_id="r1")]
    async with listening(other, sweep_s=3600) as heard:
        for ring in sent:
            await PostgresWire(store, clock=VirtualClock()).send(ring)
        assert [await asyncio.wait_for(heard.get(), 5) for _ in sent] == sent
        await PostgresWire(store, clock=VirtualClock()).send(Ring(job_id="j2"))
        assert await asyncio.wait_for(heard.get(), 5) == Ring(job_id="j2")
        assert heard.empty()


async def test_a_ring_whose_announcement_was_lost_is_heard_at_the_next_sweep(
    url: str, store: Store, other: Store
) -> None:
    async with listening(other, sweep_s=0.05) as heard:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO ring (rung_at, job_id, upstream, render_id)"
                " VALUES (timezone('utc', clock_timestamp()), 'j1', '', '')"
            )
        assert await asyncio.wait_for(heard.get(), 5) == Ring(job_id="j1")


async def test_rings_of_a_time_without_a_connection_are_heard_after_it(url: str, store: Store, other: Store) -> None:
    async with listening(other, sweep_s=3600) as heard:
        await PostgresWire(store, clock=VirtualClock()).send(Ring(job_id="before"))
        assert await asyncio.wait_for(heard.get(), 5) == Ring(job_id="before")
        databases.break_connections(url)
        await store.write_surely(lambda session: session.execute(sa.text("SELECT 1")))
        await PostgresWire(store, clock=VirtualClock()).send(Ring(job_id="j1"))
        assert await asyncio.wait_for(heard.get(), 10) == Ring(job_id="j1")
