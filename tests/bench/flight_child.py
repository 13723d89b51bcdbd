"""A process in which thousands of renders are waited for: by the bot, or by the durable engine alone.

    python tests/bench/flight_child.py bot FOLDER COUNT PORT SERVICE_URL SERVICE_KEY SECRET
    python tests/bench/flight_child.py engine FOLDER COUNT

Commands come on its standard input, one JSON line each: `park` begins what is not begun and returns when all wait,
`resume` (the engine alone) only waits for those that an earlier process began, `lag` measures the loop for so many
seconds, `wake` likewise while so many of the engine's events are set.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aiohttp import web

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import ModelClass, Shape, Tier
from bot.catalogue.own_models import own_models
from bot.clock import SystemClock, new_id
from bot.jobs import workflow
from bot.jobs.bell import Bell
from bot.jobs.book import Acceptance
from bot.jobs.courier import SpoolingCourier
from bot.jobs.doubt import Doubt
from bot.jobs.model import JobRecord, Order, Place
from bot.jobs.requests import RequestMaker
from bot.jobs.rooms import Patience, Rooms
from bot.jobs.steps import JobSteps
from bot.jobs.surface import Announced, Delivered, SpooledVideo
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.jobs.webhooks import WebhookDesk
from bot.media.spool import Spool
from bot.providers.openai_videos import OpenAIVideos
from bot.providers.transport import opened_client
from bot.store.engine import opened_store
from bot.store.history import StoredHistory
from bot.store.jobs import StoredJobs
from bot.store.upstreams import StoredHealths
from bot.upstreams.registry import Registry, Upstream
from bot.web.app import build_web
from bot.web.health import Readiness
from tests.bench.flight_engine import PEOPLE, Command, engine_of, lag, the_engine

MODEL = "bench-fast"
SERVICE = "videos"


class Silence:
    """A surface where nobody looks: Slack is not what is measured here."""

    async def announce(self, _record: JobRecord) -> Announced:
        return Announced.POSTED

    async def deliver(self, _record: JobRecord, _video: SpooledVideo) -> Delivered:
        return Delivered.SHARED

    async def tell_end(self, _record: JobRecord) -> None: ...

    async def ask_admins(self, _record: JobRecord, **_: object) -> None: ...

    async def tell_moved(self, _record: JobRecord, _moved: object) -> None: ...

    async def ask_person(self, _record: JobRecord, _question: object) -> None: ...

    async def take_away(self, _record: JobRecord) -> None: ...

    def changed(self, _job_id: str) -> None: ...


@asynccontextmanager
async def the_bot(folder: Path, count: int, port: str, url: str, key: str, secret: str) -> AsyncIterator[Command]:
    """Everything of the bot but Slack: accept, engine, store, router, adapter, webhook door, watcher, spool."""
    clock, catalogue = SystemClock(), load_catalogue()
    protocol = replace(catalogue.protocols["openai_videos/openai"], polls_per_minute=60_000)
    settings = engine_of(folder)
    client = workflow.opened_client(settings)
    wakes, threads = Wakes(clock), ThreadPoolExecutor(4)

    async def alarm(name: str, facts: object) -> None:
        print(name, facts, file=sys.stderr, flush=True)

    async with (
        opened_store(settings.url) as store,
        opened_client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            submit_timeout_s=protocol.submit_timeout_s,
            status_timeout_s=protocol.status_timeout_s,
        ) as http,
    ):
        model = own_models(f"{MODEL}=0.01/s", protocol=protocol.key, catalogue=catalogue, receives="bench")[0]
        upstream = Upstream(
            name=SERVICE, label=SERVICE, tier=Tier.RELAY, protocol=protocol, webhook=True,
            provider=OpenAIVideos(http, protocol, clock, webhook_secret=secret),
            models=(replace(model, wait_max_s=7200),), in_flight_max=10 * count, submits_per_minute=10**6,
        )  # fmt: skip
        registry, healths = Registry([upstream]), StoredHealths(store)
        book = StoredJobs(store, limits=(), zone=ZoneInfo("UTC"), enqueue=workflow.enqueuer(client))
        watcher = Watcher(registry, book, healths, StoredHistory(store), clock, alarm)
        requests = RequestMaker(pictures=_no_picture, webhook_url=lambda _u, _t: None, clock=clock)
        surface = Silence()
        steps = JobSteps(
            Rooms(
                book=book, registry=registry, healths=healths, surface=surface, watcher=watcher, wakes=wakes,
                courier=SpoolingCourier(registry, Spool(folder / "spool", threads=threads), threads),
                requests=requests, clock=clock, new_id=new_id, alarm=alarm, patience=Patience(),
                doubt=Doubt(
                    book=book, registry=registry, requests=requests, surface=surface, wakes=wakes, clock=clock,
                    alarm=alarm, doubt_max=timedelta(days=7),
                ),
            )
        )  # fmt: skip
        desk = WebhookDesk(book, registry, Bell(wakes=wakes, watcher=watcher), clock)
        runner = web.AppRunner(build_web(entrance=None, desk=desk, readiness=Readiness({})), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(port)).start()
        watching = asyncio.ensure_future(watcher.run())
        async with workflow.running_engine(settings, steps):

            async def park(_: object) -> int:
                if not await book.unended():
                    for begun in range(0, count, 50):
                        await asyncio.gather(*(book.accept(_order(n)) for n in range(begun, min(begun + 50, count))))
                while watcher.watching < count:
                    await asyncio.sleep(0.2)
                return watcher.watching

            yield {"park": park, "lag": lag}.__getitem__  # type: ignore[misc]
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await runner.cleanup()


async def _no_picture(*_: object) -> None:
    return None


def _order(number: int) -> Acceptance:
    return Acceptance(
        job_id=new_id(),
        order=Order(
            team_id="T", user_id=f"U{number % PEOPLE}", place=Place(slack_channel_id="C"), model=MODEL,
            prompt=f"a corgi surfing at sunset, take {number}", model_class=ModelClass.FAST, length_s=4,
            shape=Shape.WIDE, resolution="720p",
        ),
        order_key=f"order-{number}", usd_micros=40_000, catalogue_version="bench", created_at=SystemClock().now(),
        unended_max=10**6, running_max=100, again_after=None,
    )  # fmt: skip


async def main(kind: str, folder: str, count: str, *rest: str) -> None:
    dress = the_bot(Path(folder), int(count), *rest) if kind == "bot" else the_engine(Path(folder), int(count))
    async with dress as command:
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        print(json.dumps("ready"), flush=True)
        while line := await lines.readline():
            told = json.loads(line)
            print(json.dumps(await command(told["do"])(told)), flush=True)  # type: ignore[call-arg, operator]


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
