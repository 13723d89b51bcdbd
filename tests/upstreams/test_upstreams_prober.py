"""Free checks and status pages, on real rows and a real socket; time is the test's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, cast

import pytest
from aiohttp import web
from configured_upstreams import a_model, an_upstream
from virtual_clock import VirtualClock

from bot.catalogue.model import PageKind, StatusPage, Tier
from bot.providers.base import VideoProvider
from bot.providers.errors import AuthFailed, Unreachable
from bot.store import checks
from bot.store.engine import Store, opened_store
from bot.store.incidents import StoredIncidents
from bot.store.probes import StoredProbes, pages
from bot.store.upstreams import StoredHealths
from bot.upstreams.checks import Source
from bot.upstreams.health import HealthState
from bot.upstreams.pages import PageState
from bot.upstreams.prober import CALM_S, PAGE_S, TICK_S, Prober
from bot.upstreams.registry import Registry, Upstream
from bot.upstreams.status_pages import opened_pages


@dataclass
class Checked:
    """A service that is only ever checked."""

    trouble: Exception | None = None
    looks: int = 0

    async def check(self) -> None:
        self.looks += 1
        if self.trouble is not None:
            raise self.trouble


@dataclass
class Page:
    """A status page on a real socket."""

    document: Any = field(default_factory=dict)
    status: int = 200
    url: str = ""

    async def answer(self, _request: web.Request) -> web.Response:
        return web.json_response(self.document, status=self.status)


@asynccontextmanager
async def served(page: Page) -> AsyncIterator[Page]:
    app = web.Application()
    app.router.add_get("/api/v2/summary.json", page.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    page.url = f"http://127.0.0.1:{port}/api/v2/summary.json"
    try:
        yield page
    finally:
        await runner.cleanup()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with served(Page()) as up:
        yield up


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with opened_store(database_url) as opened:
        yield opened


def service(checked: Checked, *, name: str = "fal", page: Page | None = None) -> Upstream:
    upstream = replace(an_upstream(name, a_model("wan")), provider=cast(VideoProvider, checked))
    if page is None:
        return upstream
    told = StatusPage(
        kind=PageKind.STATUSPAGE, url=page.url, components=("API",), source="this test", as_of=date(2026, 11, 21)
    )
    return replace(upstream, protocol=replace(upstream.protocol, status_page=told))


@dataclass
class Watch:
    prober: Prober
    clock: VirtualClock
    store: Store

    async def for_s(self, seconds: float) -> None:
        """As `run` does, in steps."""
        for _ in range(round(seconds / TICK_S)):
            await self.prober.once()
            await self.let_pass(TICK_S)

    async def let_pass(self, seconds: float) -> None:
        """The service's own clock, and where turns are counted by the database's, that one."""
        self.clock.leap(seconds)
        if self.store.engine.dialect.name == "postgresql":
            await self.store.write(
                lambda session: session.connection().exec_driver_sql(
                    f"UPDATE probe SET due_at = due_at - interval '{seconds} seconds'"
                )
            )


@asynccontextmanager
async def watching(store: Store, *upstreams: Upstream) -> AsyncIterator[Watch]:
    clock = VirtualClock()
    async with opened_pages() as reader:
        prober = Prober(
            registry=Registry(upstreams),
            healths=StoredHealths(store),
            book=StoredProbes(store),
            pages=reader,
            clock=clock,
            luck=lambda: 0.5,
        )
        yield Watch(prober=prober, clock=clock, store=store)


async def test_a_healthy_service_is_looked_at_every_few_minutes_and_each_look_is_kept(store: Store) -> None:
    checked = Checked()
    async with watching(store, service(checked)) as watch:
        await watch.for_s(2 * CALM_S + TICK_S)
        assert checked.looks == 3
        found = await store.read(lambda session: checks.since(session, watch.clock.now() - timedelta(days=1)))
    assert [(each.source, each.status, each.upstream) for each in found] == [(Source.CHECK, "ok", "fal")] * 3
    assert all(each.response_ms is not None for each in found)
    assert await StoredHealths(store).circuits() == {}, "an answer to a free look is no proof of videos"


async def test_a_service_is_out_after_two_minutes_of_failing_looks_and_back_within_one_cool_off(store: Store) -> None:
    checked, healths = Checked(), StoredHealths(store)
    async with watching(store, service(checked)) as watch:
        for _ in range(10):
            await healths.observe("fal", error_kind=None, now=watch.clock.now(), model="wan")
        checked.trouble = Unreachable("no route")
        await watch.prober.once()
        await watch.for_s(120)
        out = (await healths.circuits())["fal"]
        assert not out.is_closed
        [incident] = await StoredIncidents(store).open()
        assert (incident.cause, incident.model) == ("unreachable", "")
        checked.trouble = None
        await watch.for_s(out.cool_off_s + 20)
        assert (await healths.circuits())["fal"].is_closed
        assert await StoredIncidents(store).open() == ()


async def test_three_and_a_bit_quarter_minutes_are_enough_where_nothing_was_made_yet(store: Store) -> None:
    checked = Checked(trouble=Unreachable("no route"))
    async with watching(store, service(checked)) as watch:
        await watch.for_s(60)
        assert not (await StoredHealths(store).circuits())["fal"].is_closed


async def test_a_model_list_that_was_never_shown_proves_nothing_against_a_key_and_one_that_was_does(
    store: Store,
) -> None:
    checked = Checked(trouble=AuthFailed("no list for this key"))
    async with watching(store, service(checked)) as watch:
        await watch.for_s(CALM_S + TICK_S)
        assert await StoredHealths(store).circuits() == {}
        checked.trouble = None
        await watch.for_s(CALM_S)
        checked.trouble = AuthFailed("revoked")
        await watch.for_s(CALM_S)
    assert (await StoredHealths(store).circuits())["fal"].reason == "auth"


@pytest.mark.parametrize("kind", ["quota", "retired", "auth"])
async def test_a_passing_look_ends_no_outage_that_only_an_operator_can_mend(store: Store, kind: str) -> None:
    healths = StoredHealths(store)
    async with watching(store, service(Checked())) as watch:
        await healths.observe("fal", error_kind=kind, now=watch.clock.now())
        await watch.for_s(1200)
        found = (await healths.circuits())["fal"]
    assert not found.is_closed
    assert (found.retry_at is not None and found.retry_at <= watch.clock.now()) is (kind != "retired")


async def test_renders_that_fail_are_not_forgiven_by_looks_that_pass(store: Store) -> None:
    healths = StoredHealths(store)
    async with watching(store, service(Checked())) as watch:
        for _ in range(2):
            await healths.observe("fal", error_kind="capacity", now=watch.clock.now())
            await watch.for_s(30)
        await healths.observe("fal", error_kind="capacity", now=watch.clock.now())
    assert not (await healths.circuits())["fal"].is_closed


async def test_a_check_that_breaks_in_our_own_code_says_nothing_and_stops_no_other(store: Store) -> None:
    broken, fine = Checked(trouble=RuntimeError("ours")), Checked()
    async with watching(store, service(broken), service(fine, name="kling")) as watch:
        await watch.for_s(20)
    assert (broken.looks, fine.looks) == (1, 1)
    assert await StoredHealths(store).circuits() == {}


async def test_of_two_replicas_with_clocks_five_minutes_apart_one_looks_at_a_time(store: Store) -> None:
    checked = Checked()
    upstream = service(checked)
    async with watching(store, upstream) as here, watching(store, upstream) as there:
        there.clock.leap(300 if store.engine.dialect.name == "postgresql" else 0)
        for _ in range(round(CALM_S / TICK_S)):
            await asyncio.gather(here.prober.once(), there.prober.once())
            await here.let_pass(TICK_S)
            there.clock.leap(TICK_S)
    assert checked.looks == 1


async def test_the_preview_is_not_looked_at(store: Store) -> None:
    checked = Checked()
    async with watching(store, replace(service(checked), tier=Tier.PREVIEW)) as watch:
        await watch.for_s(60)
    assert checked.looks == 0


def summary(status: str, *, maintenance: str = "") -> dict[str, Any]:
    planned = [{"name": maintenance, "status": "in_progress", "components": [{"id": "1"}]}] if maintenance else []
    return {
        "status": {"indicator": "none"},
        "components": [{"id": "1", "name": "API", "status": status}],
        "scheduled_maintenances": planned,
    }


async def test_a_page_that_is_green_while_renders_fail_is_said_in_the_incident(store: Store, page: Page) -> None:
    page.document = summary("operational")
    healths = StoredHealths(store)
    async with watching(store, service(Checked(), page=page)) as watch:
        await watch.prober.once()
        for _ in range(3):
            await healths.observe("fal", error_kind="capacity", now=watch.clock.now())
        await watch.for_s(65)
        [incident] = await StoredIncidents(store).open()
    assert "all is well" in incident.page_words


async def test_announced_maintenance_is_an_incident_of_its_own_and_ends_with_its_announcement(
    store: Store, page: Page
) -> None:
    page.document = summary("under_maintenance", maintenance="New racks")
    rows = StoredIncidents(store)
    async with watching(store, service(Checked(), page=page)) as watch:
        await watch.prober.once()
        [incident] = await rows.open()
        assert (incident.state, incident.cause) == (HealthState.MAINTENANCE, "")
        assert "New racks" in incident.page_words
        page.document = summary("operational")
        await watch.for_s(PAGE_S + 2 * TICK_S)
        assert await rows.open() == ()


@pytest.mark.parametrize(("status", "document"), [(503, {}), (200, "<html>"), (200, {"status": 1}), (403, {"a": 1})])
async def test_a_page_that_cannot_be_read_says_nothing(store: Store, page: Page, status: int, document: Any) -> None:
    page.status, page.document = status, document
    async with watching(store, service(Checked(), page=page)) as watch:
        await watch.prober.once()
    assert await store.read(pages) == {}


async def test_a_page_keeps_since_when_it_says_so(store: Store, page: Page) -> None:
    page.document = summary("major_outage")
    async with watching(store, service(Checked(), page=page)) as watch:
        begun = watch.clock.now()
        await watch.for_s(PAGE_S + 2 * TICK_S)
        seen = (await store.read(pages))["fal"]
    assert (seen.report.state, seen.since) == (PageState.OUTAGE, begun)
    assert seen.seen_at > begun
    found = await store.read(lambda session: checks.since(session, begun, Source.PAGE))
    assert [each.status for each in found] == ["outage"]


async def test_what_is_taken_out_of_the_settings_leaves_no_open_incident_behind(store: Store) -> None:
    healths, rows = StoredHealths(store), StoredIncidents(store)
    now = VirtualClock().now()
    await healths.observe("gone", error_kind="auth", now=now)
    await healths.observe("fal", error_kind="retired", now=now, model="old")
    for _ in range(3):
        await healths.observe("fal", error_kind="capacity", now=now, model="wan")
    async with watching(store, service(Checked())) as watch:
        running = asyncio.ensure_future(watch.prober.run())
        await watch.clock.settle()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [(each.upstream, each.model) for each in await rows.open()] == [("fal", "wan")]
    ended = [each for each in await rows.changed_since(now) if not each.is_open]
    assert [(each.upstream, each.removed) for each in ended] == [("gone", True), ("fal", True)]
    assert set(await healths.circuits()) == {"fal", "fal/wan"}
