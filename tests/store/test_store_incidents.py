"""One open incident per service or model, whoever sees the trouble first, opened and ended with its circuit."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from bot.store import circuits, incidents
from bot.store.engine import Store, opened_store
from bot.store.incidents import StoredIncidents
from bot.store.upstreams import StoredHealths
from bot.upstreams.bands import WINDOW_AGE, Band
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
            store.transact(lambda session: circuits.observe(session, "fal", error_kind="auth", now=NOW))

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


async def test_a_model_that_is_gone_for_good_has_its_own_incident_before_and_through_and_after_its_services(
    store: Store,
) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    await healths.observe("fal", error_kind="retired", now=NOW, model="old")
    [gone] = await rows.open()
    for _ in range(3):
        await healths.observe("fal", error_kind="unreachable", now=NOW, model="wan")
    assert [(each.model, each.state) for each in await rows.open()] == [
        ("old", HealthState.RETIRED),
        ("", HealthState.SUSPENDED),
    ]
    await healths.observe("fal", error_kind=None, now=LATER, model="wan")
    assert await rows.open() == (gone,)


async def test_while_a_service_is_out_its_models_have_no_incidents_and_what_is_left_of_them_has_one_after(
    store: Store,
) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    for _ in range(3):
        await healths.observe("fal", error_kind="unreachable", now=NOW, model="wan")
    await healths.observe("fal", error_kind="retired", now=NOW, model="old")
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


async def refuse(store: Store, prompts: int, *, now: datetime = NOW, kind: str | None = "moderation") -> None:
    for at in range(10):
        attempt_id = f"attempt {at % prompts}"
        await StoredHealths(store).observe("fal", error_kind=kind, now=now, model="wan", attempt_id=attempt_id)


async def test_a_service_that_turns_every_prompt_down_is_an_incident_stays_in_use_and_ends_as_prompts_pass(
    store: Store,
) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    await refuse(store, 10)
    [found] = await rows.open()
    assert (found.state, found.cause, found.model) == (HealthState.RISK_CONTROL, "moderation", "")
    assert (await healths.circuits())["fal"].is_closed
    assert (await healths.circuits())["fal"].band is Band.RISK_CONTROL
    await refuse(store, 10, kind=None)
    await refuse(store, 10, kind=None)
    assert await rows.open() == ()


async def test_one_person_who_insists_on_one_prompt_opens_no_incident(store: Store) -> None:
    await refuse(store, 2)
    assert await StoredIncidents(store).open() == ()


async def test_what_a_service_usually_refuses_is_no_incident(store: Store) -> None:
    healths = StoredHealths(store)
    for day in range(2, 12):
        for refused in (True, False):
            kind = "moderation" if refused else None
            await healths.observe("fal", error_kind=kind, now=NOW - timedelta(days=day), model="wan")
    for at in range(8):
        kind = "moderation" if at % 3 else None
        await healths.observe("fal", error_kind=kind, now=NOW, model="wan", attempt_id=f"attempt {at}")
    assert await StoredIncidents(store).open() == ()


async def test_risk_control_is_over_when_nobody_orders_for_hours_and_a_look_passes(store: Store) -> None:
    await refuse(store, 10)
    later = NOW + WINDOW_AGE + timedelta(minutes=1)
    await StoredHealths(store).looked("fal", error_kind=None, response_ms=5, has_passed=True, now=later)
    assert await StoredIncidents(store).open() == ()


async def test_trouble_that_grows_into_an_outage_is_one_incident_and_after_it_counting_begins_anew(
    store: Store,
) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    for letter in "mmffffmfmf":
        await healths.observe("fal", error_kind="timeout" if letter == "f" else None, now=NOW, model="wan")
    [begun] = await rows.open()
    assert (begun.state, begun.cause, begun.version) == (HealthState.DEGRADED, "", 1)
    await healths.observe("fal", error_kind="quota", now=NOW, model="wan")
    [grown] = await rows.changed_since(NOW)
    assert (grown.id, grown.state, grown.cause, grown.version) == (begun.id, HealthState.SUSPENDED, "quota", 2)
    await healths.observe("fal", error_kind=None, now=NOW + timedelta(hours=1), model="wan")
    assert await rows.open() == ()
