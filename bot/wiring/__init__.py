"""The composition root: builds every room, plugs them into each other, and closes them in reverse."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Catalogue
from bot.clock import Clock, NewId
from bot.config import Settings
from bot.jobs import workflow
from bot.jobs.answers import CardFacts
from bot.jobs.courier import SpoolingCourier
from bot.jobs.doubt import Doubt
from bot.jobs.model import JobRecord
from bot.jobs.offers import Offers
from bot.jobs.pictures import PictureDesk
from bot.jobs.ports import Alarm
from bot.jobs.requests import RequestMaker
from bot.jobs.service import JobService, Rules
from bot.jobs.standing import Standings
from bot.jobs.steps import JobSteps, Patience, Rooms
from bot.jobs.sweep import Sweep
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.jobs.webhooks import WebhookDesk
from bot.media.spool import Spool
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.slack.app import build_app
from bot.slack.client import opened_slack
from bot.slack.entrance import entrance
from bot.slack.sockets import Sockets
from bot.store.drafts import StoredDrafts
from bot.store.engine import Store, open_engine, opened_store
from bot.store.jobs import StoredJobs
from bot.store.upstreams import StoredHealths
from bot.upstreams.registry import Registry, Upstream
from bot.web.app import build_web, webhook_url
from bot.web.health import Readiness
from bot.wiring.services import opened_services
from bot.wiring.surface import slack_side

_log = logging.getLogger("bot.alarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A running bot. `failed` returns, or raises, when a part of it can no longer do its work."""

    greeting: tuple[str, ...]
    port: int
    failed: Callable[[], Awaitable[None]]


async def log_alarm(name: str, facts: Mapping[str, object]) -> None:
    """Something an operator should see. Never prompts, never secrets: callers hand in ids and kinds."""
    _log.warning("%s %s", name, " ".join(f"{key}={value}" for key, value in facts.items()))


@asynccontextmanager
async def running(settings: Settings, *, clock: Clock, new_id: NewId) -> AsyncIterator[Bot]:
    """Build the whole bot and serve; on exit close everything, last opened first.

    Raises:
        DatabaseTakenError, NewerSchemaError: see `store`.
        CatalogueError: the models in the settings are not understood.
    """
    async with AsyncExitStack() as owned:
        catalogue = load_catalogue()
        store = await owned.enter_async_context(opened_store(settings.database_url))
        healths = StoredHealths(store)
        await healths.operator_acted(now=clock.now())
        registry = Registry(await owned.enter_async_context(opened_services(settings, catalogue, clock)))
        token = settings.slack_bot_token
        door = await owned.enter_async_context(
            opened_slack(token=token.get_secret_value() if token else None, base_url=settings.slack_api_url)
        )
        threads = ThreadPoolExecutor(4, thread_name_prefix="media")
        owned.callback(threads.shutdown, wait=False, cancel_futures=True)
        engine = _engine_settings(settings, new_id)
        client = workflow.opened_client(engine)
        book = StoredJobs(store, limits=limits_of(settings), zone=settings.zone, enqueue=workflow.enqueuer(client))

        wakes = Wakes(clock)
        watcher = Watcher(registry, book, healths, clock, log_alarm)
        spool = Spool(settings.spool, threads=threads)
        pictures = PictureDesk(spool, threads, new_id)
        standings = Standings(registry=registry, healths=healths, clock=clock)

        async def facts(record: JobRecord) -> CardFacts:
            place = await book.queue_place(record.job.id, running_max=settings.running_max)
            return await standings.facts(record, queue_place=place)

        front = await owned.enter_async_context(
            opened_front(settings, door, StoredDrafts(store, clock=clock, new_id=new_id))
        )
        slack = slack_side(
            door=door,
            store=store,
            records=book.record,
            facts=facts,
            refusal_words=front.refusal_words,
            tells_privately=front.tells_privately,
            clock=clock,
            alarm=log_alarm,
            holder=new_id(),
            alone=settings.database_url.startswith("sqlite"),
        )
        requests = RequestMaker(pictures=pictures.fitted, webhook_url=_webhook_urls(settings), clock=clock)
        patience = Patience()
        doubt = Doubt(
            book=book,
            registry=registry,
            requests=requests,
            surface=slack.surface,
            wakes=wakes,
            clock=clock,
            alarm=log_alarm,
            doubt_max=patience.doubt_max,
        )
        steps = JobSteps(
            Rooms(
                book=book,
                registry=registry,
                healths=healths,
                surface=slack.surface,
                watcher=watcher,
                wakes=wakes,
                courier=SpoolingCourier(registry, spool, threads),
                requests=requests,
                doubt=doubt,
                clock=clock,
                new_id=new_id,
                alarm=log_alarm,
                patience=patience,
            )
        )
        jobs = JobService(
            book=book,
            offers=Offers(
                registry=registry, book=book, healths=healths, clock=clock, catalogue_version=catalogue.version
            ),
            standings=standings,
            watcher=watcher,
            wakes=wakes,
            surface=slack.surface,
            pictures=pictures,
            clock=clock,
            new_id=new_id,
            rules=_rules(settings),
        )
