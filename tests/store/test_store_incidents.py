"""One open incident per service or model, whoever sees the trouble first, opened and ended with its circuit."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from bot.store import incidents, upstreams
from bot.store.engine import Store, opened_store
from bot.store.incidents import StoredIncidents
from bot.store.upstreams import StoredHealths
from bot.upstreams.health import HealthState

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=12)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with opened_store(database_url) as opened:
        yield opened


async def fail(store: Store, now: datetime = NOW) -> None:
    for _ in range(3):
        await StoredHealths(store).observe("fal", error_kind="unreachable", now=now)


async def test_an_incident_begins_and_ends_with_its_circuit(store: Store) -> None:
    rows = StoredIncidents(store)
    await fail(store)
    [begun] = await rows.open()
    assert (begun.upstream, begun.model, begun.state, begun.cause) == ("fal", "", HealthState.SUSPENDED, "unreachable")
    assert (begun.started_at, begun.version, begun.is_open) == (NOW, 1, True)
    await StoredHealths(store).observe("fal", error_kind=None, now=LATER)
    assert await rows.open() == ()
    [ended] = await rows.changed_since(LATER)
    assert (ended.id, ended.ended_at, ended.version) == (begun.id, LATER, 2)
    assert await rows.changed_since(LATER + timedelta(seconds=1)) == ()


async def test_two_replicas_that_see_the_outage_at_once_open_one_incident(store: Store) -> None:
    start = Barrier(4)

    def sees(_: int) -> None:
        start.wait()
        for _ in range(5):
            store.transact(lambda session: upstreams.observe(session, "fal", error_kind="auth", now=NOW))

    with ThreadPoolExecutor(4) as replicas:
        list(replicas.map(sees, range(4)))
    assert len(await StoredIncidents(store).changed_since(NOW)) == 1


async def test_videos_that_move_are_counted_with_what_they_cost_more(store: Store) -> None:
    rows = StoredIncidents(store)
    await rows.moved("fal", extra_usd_micros=5, now=NOW)
    await fail(store)
    await rows.moved("fal", model="wan", extra_usd_micros=400_000, now=NOW)
    await rows.moved("fal", extra_usd_micros=-100_000, now=NOW)
    [found] = await rows.open()
    assert (found.jobs_moved, found.extra_usd_micros, found.version) == (2, 400_000, 3)


async def test_the_first_incident_of_a_model_grows_into_its_services_and_the_others_end_in_it(store: Store) -> None:
    def trouble(model: str) -> None:
        store.transact(
            lambda session: incidents.trouble(
                session, "fal", model, state=HealthState.SUSPENDED, cause="capacity", now=NOW
            )
        )

    for model in ("wan", "kling", "wan", ""):
        trouble(model)
    rows = StoredIncidents(store)
    [left] = await rows.open()
    first, *others = sorted(await rows.changed_since(NOW), key=lambda each: each.id)
    assert (left.id, left.model) == (first.id, "")
    assert [(each.model, each.part_of, each.ended_at) for each in others] == [("kling", left.id, NOW)]
    trouble("veo")
    assert await rows.open() == (left,)


async def test_while_a_service_is_out_its_models_have_no_incidents_and_what_is_left_of_them_has_one_after(
    store: Store,
) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    for kind, model in (("retired", "old"), *[("unreachable", "wan")] * 3):
        await healths.observe("fal", error_kind=kind, now=NOW, model=model)
    assert [(each.model, each.state) for each in await rows.open()] == [("", HealthState.SUSPENDED)]
    await healths.observe("fal", error_kind=None, now=LATER, model="wan")
    assert [(each.model, each.state) for each in await rows.open()] == [("old", HealthState.RETIRED)]


async def test_two_models_that_fail_are_one_incident_of_their_service(store: Store) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    for model in ("wan", "wan", "wan", "kling"):
        await healths.observe("fal", error_kind="capacity", now=NOW, model=model)
    [found] = await rows.changed_since(NOW)
    assert (found.model, found.version, found.is_open) == ("", 2, True)


async def test_an_incident_that_ended_a_moment_ago_goes_on_and_an_older_one_does_not(store: Store) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    now = NOW
    for pause in (timedelta(minutes=9), timedelta(minutes=11)):
        await fail(store, now)
        await healths.observe("fal", error_kind=None, now=now + timedelta(seconds=30))
        now += timedelta(seconds=30) + pause
        await fail(store, now)
        await healths.observe("fal", error_kind=None, now=now + timedelta(seconds=30))
        now += timedelta(hours=1)
    assert len(await rows.changed_since(NOW)) == 3
